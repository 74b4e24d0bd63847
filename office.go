package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// at runs an operator's word on the database, and on Stripe where a key is set.
func at(do func(p *platform.Platform) error) error {
	p, err := open(config.Command)
	if err != nil {
		return err
	}
	defer p.Close()
	return do(p)
}

// jobs shows what is queued, running and dead.
func jobs(ctx context.Context, _ []string, out io.Writer) error {
	return at(func(p *platform.Platform) error { return queue.Report(ctx, p.DB, out) })
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
	return at(func(p *platform.Platform) error {
		return db.Tx(ctx, p.DB, func(tx pgx.Tx) error {
			n, err := queue.Retry(ctx, tx, which)
			if err == nil {
				fmt.Fprintf(out, "%d jobs run again\n", n)
			}
			return err
		})
	})
}

// reconcile asks Stripe for what was missed.
func reconcile(ctx context.Context, _ []string, out io.Writer) error {
	return at(func(p *platform.Platform) error {
		if err := p.Config.Require("STRIPE_SECRET_KEY"); err != nil {
			return err
		}
		return operate.Reconcile(ctx, p, out)
	})
}

// replay settles quarantined events again.
func replay(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errUsage{"replay takes the id of an event, or all"}
	}
	return at(func(p *platform.Platform) error { return operate.Replay(ctx, p, out, args[0]) })
}

// fsck checks that what belongs together agrees.
func fsck(ctx context.Context, _ []string, out io.Writer) error {
	return at(func(p *platform.Platform) error {
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
	redis.SetLogger(redisLog{slog.New(slog.DiscardHandler)}) // what it says is in the report
	n, err := operate.Doctor(ctx, web, worker, out)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d problems", n)
	}
	return err
}
