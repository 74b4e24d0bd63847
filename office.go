package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"pilothandbook/handbook/job"
	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// at runs an operator's word on the database, and on Stripe where a key is set.
func at(out io.Writer, do func(p *platform.Platform) error) error {
	cfg, err := settings(out, config.Command)
	if err != nil {
		return err
	}
	if err := cfg.Check(config.Command); err != nil {
		return err
	}
	p, err := openWith(cfg, config.Command)
	if err != nil {
		return err
	}
	defer p.Close()
	return do(p)
}

// settings returns those of the environment. Where it names no database they
// are those of the local handbook that runs here, which is said.
func settings(out io.Writer, s config.Service) (*config.Config, error) {
	cfg, err := config.Read(s)
	if err != nil || cfg.DatabaseURL != "" {
		return cfg, err
	}
	here, folder, err := config.FindLocal()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(here.AuthURL)
	if err != nil {
		return nil, err
	}
	answers, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err != nil {
		return nil, fmt.Errorf("the local handbook in %s does not run: start it with \"handbook\", or set DATABASE_URL", folder)
	}
	_ = answers.Close()
	here.LogLevel, here.DatabaseMaxConns = "warn", cfg.DatabaseMaxConns
	fmt.Fprintf(out, "using the local handbook in %s\n", folder)
	return here, nil
}

// jobs shows what is queued, running and dead.
func jobs(ctx context.Context, _ []string, out io.Writer) error {
	return at(out, func(p *platform.Platform) error { return queue.Report(ctx, p.DB, out) })
}

// retry runs dead jobs again.
func retry(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errUsage{"retry takes the id of a job, a kind, or --all"}
	}
	which := args[0]
	if which == "--all" {
		which = queue.All
	}
	return at(out, func(p *platform.Platform) error {
		return db.Tx(ctx, p.DB, func(tx pgx.Tx) error {
			n, err := job.Retry(ctx, tx, which, uuid.Nil, "handbook retry")
			if err != nil {
				return err
			}
			if n == 0 && which != queue.All {
				return fmt.Errorf("no job that failed for good has the id or is of the kind %q; \"handbook jobs\" shows those that are", which)
			}
			fmt.Fprintf(out, "%d jobs run again\n", n)
			return nil
		})
	})
}

// rollUp has what browsers told of a day counted again.
func rollUp(ctx context.Context, args []string, out io.Writer) error {
	const usage = "roll-up takes one day, such as 2026-11-23"
	if len(args) != 1 {
		return errUsage{usage}
	}
	if _, err := time.Parse(time.DateOnly, args[0]); err != nil {
		return errUsage{usage}
	}
	return at(out, func(p *platform.Platform) error {
		return db.Tx(ctx, p.DB, func(tx pgx.Tx) error {
			id, err := queue.Add(ctx, tx, job.RollUpAnalytics{Day: args[0]})
			if err == nil {
				fmt.Fprintf(out, "%s is counted again, by job %s\n", args[0], id)
			}
			return err
		})
	})
}

// reconcile asks Stripe for what was missed.
func reconcile(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("reconcile", flag.ContinueOnError)
	restored := flags.Bool("restored", false, "first write the checkouts again that are younger than a backup which was restored")
	if _, err := arguments(flags, args, 0, "reconcile takes no argument but --restored"); err != nil {
		return err
	}
	return at(out, func(p *platform.Platform) error {
		needs := []string{"STRIPE_SECRET_KEY"}
		if *restored {
			needs = append(needs, "AUTH_URL") // which tells our checkouts from those of other sites
		}
		if err := p.Config.Require(needs...); err != nil {
			return err
		}
		return operate.Reconcile(ctx, p, *restored, out)
	})
}

// replay settles quarantined events again, or closes one.
func replay(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	seen := flags.Bool("seen", false, "close the event: what it asks for was done by hand")
	rest, err := arguments(flags, args, 1, "replay takes the id of an event, or all")
	if err != nil {
		return err
	}
	if *seen && rest[0] == "all" {
		return errUsage{"replay --seen takes the id of one event"}
	}
	return at(out, func(p *platform.Platform) error {
		if *seen {
			return operate.Seen(ctx, p, out, rest[0])
		}
		return operate.Replay(ctx, p, out, rest[0])
	})
}

// price sets what a module costs.
func price(ctx context.Context, args []string, out io.Writer) error {
	const usage = "price takes a module and its price in cents, such as: instrument 9900"
	if len(args) != 2 {
		return errUsage{usage}
	}
	cents, err := strconv.Atoi(args[1])
	if err != nil {
		return errUsage{usage}
	}
	return at(out, func(p *platform.Platform) error { return operate.Price(ctx, p, out, args[0], cents) })
}

// rotateKey wraps the keys of offline packages anew.
func rotateKey(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("rotate-key", flag.ContinueOnError)
	lost := flags.Bool("lost", false, "first give new keys to modules whose key cannot be unwrapped")
	if _, err := arguments(flags, args, 0, "rotate-key takes no argument but --lost"); err != nil {
		return err
	}
	return at(out, func(p *platform.Platform) error {
		if err := p.Config.Require("CONTENT_ENCRYPTION_KEY"); err != nil {
			return err
		}
		if *lost {
			if err := operate.ReplaceLost(ctx, p, out); err != nil {
				return err
			}
		}
		return operate.RotateKey(ctx, p, out)
	})
}

// fsck checks that what belongs together agrees.
func fsck(ctx context.Context, _ []string, out io.Writer) error {
	return at(out, func(p *platform.Platform) error {
		n, err := operate.Fsck(ctx, p, out)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d differences", n)
		}
		return err
	})
}

// doctor looks at everything that a deployment depends on.
func doctor(ctx context.Context, _ []string, out io.Writer) error {
	web, err1 := config.Read(config.Web)
	worker, err2 := config.Read(config.Worker)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !operate.Deployed(web, worker) {
		here, err := settings(out, config.Web)
		if err != nil && !errors.Is(err, config.ErrNoLocal) {
			return err
		}
		if err == nil {
			web, worker = here, here
		}
	}
	redis.SetLogger(redisLog{slog.New(slog.DiscardHandler)}) // what it says is in the report
	n, err := operate.Doctor(ctx, web, worker, out)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d problems", n)
	}
	return err
}
