package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"pilothandbook/author"
	"pilothandbook/functions"
	"pilothandbook/functions/health"
	"pilothandbook/functions/metrics"
	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/serve"
	"pilothandbook/platform/web"
	"pilothandbook/router"
	"pilothandbook/worker"
)

// serveWeb serves readers until ctx ends.
func serveWeb(ctx context.Context, _ []string, _ io.Writer) error {
	p, err := open(config.Web)
	if err != nil {
		return err
	}
	defer p.Close()
	routes := functions.All(p)
	if err := p.Config.Require(web.Needs(routes)...); err != nil {
		return err
	}
	return listen(ctx, p, router.New(p, routes...))
}

// work runs jobs until ctx ends, and tells about its health meanwhile.
func work(ctx context.Context, _ []string, _ io.Writer) error {
	p, err := open(config.Worker)
	if err != nil {
		return err
	}
	defer p.Close()
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return worker.Run(ctx, p) })
	both.Go(func() error { return listen(ctx, p, router.New(p, append(health.Routes(p), metrics.Routes(p)...)...)) })
	if err := both.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func open(s config.Service) (*platform.Platform, error) {
	cfg, err := config.Load(s)
	if err != nil {
		return nil, err
	}
	return openWith(cfg, s)
}

func openWith(cfg *config.Config, s config.Service) (*platform.Platform, error) {
	log := platform.Logger(cfg)
	redis.SetLogger(redisLog{log})
	return platform.Open(cfg, s, log)
}

// redisLog sends the Redis client's own messages, which it else prints, to
// our log.
type redisLog struct{ log *slog.Logger }

// Printf writes a message.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.WarnContext(ctx, "redis", "text", fmt.Sprintf(format, v...))
}

func listen(ctx context.Context, p *platform.Platform, r *router.Router) error {
	l, err := net.Listen("tcp", p.Config.Listen())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	p.Log.Info("listening", "address", l.Addr().String(), "version", platform.Version())
	context.AfterFunc(ctx, func() { p.Draining.Store(true) })
	return serve.HTTP(ctx, l, r, p.Log)
}

// migrate brings the database to this program's schema.
func migrate(ctx context.Context, _ []string, out io.Writer) error {
	cfg, err := settings(out, config.Command)
	if err != nil {
		return err
	}
	if err := cfg.Check(config.Command); err != nil {
		return err
	}
	n, err := db.Migrate(ctx, cfg.DatabaseURL.Reveal(), migrations.Files, platform.Logger(cfg))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d migrations applied; the schema is at %d\n", n, migrations.Newest())
	return nil
}

// publish checks a module's folder and publishes it.
func publish(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("publish", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	activate := flags.Bool("activate", false, "make the version active")
	check := flags.Bool("check", false, "only check the folder")
	rest, err := parse(flags, args)
	if err != nil {
		return errUsage{err.Error()}
	}
	if len(rest) != 1 {
		return errUsage{"publish takes one folder"}
	}
	o := author.Options{Activate: *activate, Check: *check, Out: out}
	if !*check {
		a, err := config.LoadAuthor()
		if err != nil {
			return err
		}
		o.URL, o.Token = a.URL, a.Token.Reveal()
	}
	return author.Publish(ctx, o, rest[0])
}

// versions lists a module's versions, or makes one active.
func versions(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("versions", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	activate := flags.String("activate", "", "the version to make active")
	between := flags.String("diff", "", "the versions to compare")
	rest, err := parse(flags, args)
	if err != nil {
		return errUsage{err.Error()}
	}
	if len(rest) != 1 {
		return errUsage{"versions takes one module, such as private_commercial"}
	}
	a, err := config.LoadAuthor()
	if err != nil {
		return err
	}
	if *between != "" {
		return author.Difference(ctx, author.Options{URL: a.URL, Token: a.Token.Reveal(), Out: out}, rest[0], *between)
	}
	return author.Versions(ctx, author.Options{URL: a.URL, Token: a.Token.Reveal(), Out: out}, rest[0], *activate)
}

// reprocess makes a version again of its source.
func reprocess(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("reprocess", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	number := flags.String("version", "", "the version; without it the active one")
	rest, err := parse(flags, args)
	if err != nil {
		return errUsage{err.Error()}
	}
	if len(rest) != 1 {
		return errUsage{"reprocess takes one module, such as private_commercial"}
	}
	a, err := config.LoadAuthor()
	if err != nil {
		return err
	}
	return author.Reprocess(ctx, author.Options{URL: a.URL, Token: a.Token.Reveal(), Out: out}, rest[0], *number)
}

// parse reads flags before and after the other arguments, which it returns.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
}

// routes prints what docs/routes.txt holds.
func routes(_ context.Context, _ []string, out io.Writer) error {
	p, err := platform.Open(&config.Config{DatabaseURL: "postgres://nowhere", DatabaseMaxConns: 1}, config.Command, platform.Logger(&config.Config{LogLevel: "error"}))
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = io.WriteString(out, functions.Print(p))
	return err
}

func printVersion(_ context.Context, _ []string, out io.Writer) error {
	fmt.Fprintln(out, platform.Version())
	return nil
}
