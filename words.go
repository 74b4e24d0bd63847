package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

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
	"pilothandbook/platform/footprint"
	"pilothandbook/platform/incident"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/scrub"
	"pilothandbook/platform/serve"
	"pilothandbook/platform/tracing/otlp"
	"pilothandbook/platform/web"
	"pilothandbook/router"
	"pilothandbook/worker"
)

// webFloor is more than twice what a web process holds: its garbage is collected
// when there are 14 MiB instead of 4, as that makes readers wait for milliseconds.
const webFloor = 10 << 20

// serveWeb serves readers until ctx ends.
func serveWeb(ctx context.Context, _ []string, _ io.Writer) error {
	defer footprint.Floor(webFloor)()
	p, err := open(config.Web)
	if err != nil {
		return err
	}
	defer p.Close()
	routes := functions.All(p)
	if err := p.Config.Require(web.Needs(routes)...); err != nil {
		return err
	}
	rt := router.New(p, routes...)
	if err := footprint.GiveBack(); err != nil {
		p.Log.Warn("more memory stays in use than is needed", "err", err)
	}
	return listen(ctx, p, rt)
}

// work runs jobs until ctx ends, and tells about its health meanwhile.
func work(ctx context.Context, _ []string, _ io.Writer) error {
	p, err := open(config.Worker)
	if err != nil {
		return err
	}
	defer p.Close()
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return worker.Run(ctx, p, compiler()) })
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
	p, err := platform.Open(cfg, s, log)
	if err != nil {
		return nil, err
	}
	return p, errors.Join(report(p, s), trace(p, s))
}

// trace has traces sent to a collector, where there is one.
func trace(p *platform.Platform, s config.Service) error {
	if p.Tracer == nil {
		return nil
	}
	stop, err := otlp.Start(context.Background(), otlp.Options{
		Endpoint: p.Config.OTLPEndpoint, Service: string(s), Version: platform.Version(), Log: p.Log,
	})
	if err != nil {
		return err
	}
	p.OnClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		stop(ctx)
	})
	return nil
}

// report has errors reported to Sentry, where there is one.
func report(p *platform.Platform, s config.Service) error {
	if p.Config.SentryDSN == "" {
		return nil
	}
	r, err := incident.New(incident.Options{
		DSN: p.Config.SentryDSN.Reveal(), Release: platform.Version(), Environment: p.Config.AppEnv, Service: string(s), Scrub: scrub.New(p.Config.Secrets()...),
	})
	if err != nil {
		return err
	}
	p.Monitor.OnError(r.Report)
	p.OnClose(func() { r.Close(2 * time.Second) })
	return nil
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
	defer watch(ctx, p.Monitor)()
	s := serve.Server{Handler: r, Log: p.Log, Stopping: func() { p.Draining.Store(true) }, Notice: serve.Notice}
	return s.Run(ctx, l)
}

// watch has a process write into the log how it does. end has it write the last
// line, of the requests too that were under way when ctx ended.
func watch(ctx context.Context, m *monitor.Monitor) (end func()) {
	var line sync.WaitGroup
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	line.Go(func() { m.Run(ctx, monitor.Every) })
	return func() { stop(); line.Wait() }
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
	activate := flags.Bool("activate", false, "make the version active")
	check := flags.Bool("check", false, "only check the folder")
	rest, err := arguments(flags, args, 1, "publish takes one folder")
	if err != nil {
		return err
	}
	o := author.Options{Out: out}
	if !*check {
		if o, err = asAuthor(out); err != nil {
			return err
		}
	}
	o.Activate, o.Check = *activate, *check
	return author.Publish(ctx, o, rest[0])
}

// versions lists a module's versions, or makes one active.
func versions(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("versions", flag.ContinueOnError)
	activate := flags.String("activate", "", "the version to make active")
	between := flags.String("diff", "", "the versions to compare")
	rest, err := arguments(flags, args, 1, "versions takes one module, such as private_commercial")
	if err != nil {
		return err
	}
	o, err := asAuthor(out)
	if err != nil {
		return err
	}
	if *between != "" {
		return author.Difference(ctx, o, rest[0], *between)
	}
	return author.Versions(ctx, o, rest[0], *activate)
}

// reprocess makes a version again of its source.
func reprocess(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("reprocess", flag.ContinueOnError)
	number := flags.String("version", "", "the version; without it the active one")
	rest, err := arguments(flags, args, 1, "reprocess takes one module, such as private_commercial")
	if err != nil {
		return err
	}
	o, err := asAuthor(out)
	if err != nil {
		return err
	}
	return author.Reprocess(ctx, o, rest[0], *number)
}

// arguments reads a word's flags, and returns the n other arguments that it
// takes; usage says which.
func arguments(flags *flag.FlagSet, args []string, n int, usage string) ([]string, error) {
	flags.SetOutput(io.Discard)
	rest, err := parse(flags, args)
	if err != nil {
		return nil, errUsage{err.Error()}
	}
	if len(rest) != n {
		return nil, errUsage{usage}
	}
	return rest, nil
}

// asAuthor returns what an author's word needs to reach the handbook.
func asAuthor(out io.Writer) (author.Options, error) {
	a, err := config.LoadAuthor()
	return author.Options{URL: a.URL, Token: a.Token.Reveal(), Out: out}, err
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
