//go:build !production

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/author"
	"pilothandbook/functions"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/version"
	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/local"
	"pilothandbook/platform/local/postgres"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/serve"
	"pilothandbook/router"
	"pilothandbook/worker"
)

// start runs the whole handbook on this machine: its own PostgreSQL and
// Redis, web and worker in one process, mails and payments that go nowhere.
func start(ctx context.Context, _ []string, out io.Writer) error {
	env, err := config.LoadLocal()
	if err != nil {
		return err
	}
	ctx = untilOrphaned(ctx)
	l, err := listenNear(env.Port)
	if err != nil {
		return err
	}
	defer l.Close()
	url := "http://localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	log := localLog(env.LogLevel)
	fmt.Fprintln(out, "Starting the Interactive Pilot Handbook ...")
	servers, err := local.Start(ctx, url, local.Options{
		Folder: config.LocalFolder, PGBin: env.PGBin, Stripe: env.StripeSecretKey, Operators: env.AdminEmails, Log: log,
		Say: func(line string) { fmt.Fprintln(out, line) },
	})
	if held, ok := errors.AsType[*postgres.Held](err); ok {
		return alreadyRunning(held)
	}
	if err != nil {
		return err
	}
	defer servers.Stop()
	p, err := openLocal(ctx, servers, log)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := config.WriteLocal(config.LocalFolder, p.Config); err != nil {
		return err
	}
	defer func() { _ = config.RemoveLocal(config.LocalFolder) }()
	h := handbook{Platform: p, servers: servers, url: url, out: out}
	return h.run(ctx, l)
}

// alreadyRunning tells where the handbook is that has the data.
func alreadyRunning(held *postgres.Held) error {
	if a, err := config.ReadAuthor(config.LocalFolder); err == nil {
		return fmt.Errorf("a handbook is running here already, as process %d: %s", held.PID, a.URL)
	}
	return held
}

// openLocal migrates the database and opens the platform on the servers.
func openLocal(ctx context.Context, servers *local.Servers, log *slog.Logger) (*platform.Platform, error) {
	cfg := servers.Config()
	if err := errors.Join(cfg.Check(config.Web), cfg.Check(config.Worker)); err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx, cfg.DatabaseURL.Reveal(), migrations.Files, log); err != nil {
		return nil, err
	}
	p, err := platform.Open(cfg, config.Web, log)
	if err != nil {
		return nil, err
	}
	p.Notice = local.Notice
	return p, nil
}

// handbook is a running local start.
type handbook struct {
	*platform.Platform
	servers *local.Servers
	url     string
	out     io.Writer
}

// run serves and works until ctx ends, and publishes content meanwhile.
func (h handbook) run(ctx context.Context, l net.Listener) error {
	all, ctx := errgroup.WithContext(ctx)
	go h.Monitor.Run(ctx, monitor.Every)
	handler := h.servers.Handler(router.New(h.Platform, functions.All(h.Platform)...))
	s := serve.Server{Handler: handler, Log: h.Log, Stopping: func() { h.Draining.Store(true) }}
	all.Go(func() error { return s.Run(ctx, l) })
	all.Go(func() error { return worker.Run(ctx, h.Platform, compiler()) })
	all.Go(func() error {
		err := h.publish(ctx)
		h.tell() // only now there is something to read
		return err
	})
	all.Go(func() error { return h.watch(ctx) })
	err := all.Wait()
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		fmt.Fprintln(h.out, "Stopped. Everything is kept for the next start.")
		return nil
	}
	return err
}

// watch tells when PostgreSQL ends by itself, without which nothing works.
func (h handbook) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-h.servers.Postgres.Ended():
		return errors.New("PostgreSQL has ended by itself. Start the handbook again; what was saved is kept")
	}
}

func (h handbook) tell() {
	data, err := filepath.Abs(config.LocalFolder)
	if err != nil {
		data = config.LocalFolder
	}
	fmt.Fprintf(h.out, `The Interactive Pilot Handbook, on this machine alone.

  Read      %[1]s
  Mails     %[1]s/local/mail/   sign-in codes arrive here
  Payments  %[1]s/local/pay/    no money moves
  Operator  %[2]s
  Metrics   %[1]s/metrics       with the METRICS_TOKEN of %[6]s
  Data      %[3]s
            PostgreSQL from %[4]s, its data in %[5]s

Leave with Ctrl-C.

`, h.url, strings.Join(h.Config.Admins(), ", "), data, h.servers.Postgres.Binaries(), h.servers.Postgres.Data(), filepath.Join(config.LocalFolder, config.OperatorFile))
}

// contentFolder holds the handbook that ships.
const contentFolder = "content"

// publish sends content/ through the same upload as any author's. A module of
// which nothing is active yet is activated; later it is its author who does.
// Faults are told; they stop nothing.
func (h handbook) publish(ctx context.Context) error {
	token, err := h.authorToken(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(contentFolder)
	if errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(h.out, "There is no folder content/ here. Publish a module with: handbook publish --activate DIR")
		return nil
	}
	if err != nil {
		return err
	}
	began, published := time.Now(), 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		_, err := version.Active(ctx, h.Memory, h.DB, e.Name())
		var said strings.Builder
		o := author.Options{URL: h.url, Token: token, Activate: fault.Is(err, fault.NotFound), Out: &said}
		err = author.Publish(ctx, o, filepath.Join(contentFolder, e.Name()))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			fmt.Fprintf(h.out, "%s%s/%s is not published: %v\n", said.String(), contentFolder, e.Name(), err)
			continue
		}
		published++
		if !strings.Contains(said.String(), "It is active.") {
			fmt.Fprint(h.out, said.String())
		}
	}
	fmt.Fprintf(h.out, "Published content/: %d modules in %v.\n\n", published, time.Since(began).Round(10*time.Millisecond))
	return nil
}

// authorToken returns a token of the operator, and leaves it in the folder for
// the commands that look there. It is the last start's, so that a command goes
// on which waits while the handbook is started again; if that was revoked, or
// the folder is without it, a new one takes its place.
func (h handbook) authorToken(ctx context.Context) (token string, err error) {
	last, err := config.ReadAuthor(config.LocalFolder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	token = last.Token.Reveal()
	err = db.Tx(ctx, h.DB, func(tx pgx.Tx) error {
		user, err := account.Enter(ctx, tx, local.Operator)
		if err != nil {
			return err
		}
		mine, err := account.OwnsToken(ctx, tx, user, token)
		if err != nil || mine {
			return err
		}
		token, err = replaceToken(ctx, tx, user)
		return err
	})
	if err != nil {
		return "", err
	}
	return token, config.WriteAuthor(config.LocalFolder, config.Author{URL: h.url, Token: config.Secret(token)})
}

// replaceToken makes a user's token for local starts, and ends others of it.
func replaceToken(ctx context.Context, tx pgx.Tx, user uuid.UUID) (token string, err error) {
	const name = "local start"
	old, err := account.Tokens(ctx, tx, user)
	if err != nil {
		return "", err
	}
	for _, t := range old {
		if t.Name == name {
			if err := account.RevokeToken(ctx, tx, user, t.ID); err != nil {
				return "", err
			}
		}
	}
	_, token, err = account.NewToken(ctx, tx, user, name)
	return token, err
}

// listenNear listens on port of 127.0.0.1, or on the next free one.
func listenNear(port int) (net.Listener, error) {
	const tries = 100
	var err error
	for p := port; p < port+tries && p <= 65535; p++ {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p))); err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, fmt.Errorf("no port from %d on is free: %w", port, err)
}

// localLog writes what a person at a terminal should see to standard error.
func localLog(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}
