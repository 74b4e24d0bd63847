// Package local gathers what a handbook on one machine stands on: a private
// PostgreSQL, a Redis in the process, a mailbox, and a stand-in for Stripe.
// Only the local start links it.
package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/platform/config"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/local/memredis"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/local/postgres"
)

// Operator is the address of the operator of every local handbook. Its mails,
// like all, are in the mailbox.
const Operator = "operator@handbook.test"

// Notice is shown on every page of a local handbook.
const Notice = "This handbook runs on this machine alone: mails stay here, and no money moves."

// stripeKey opens the stand-in; it is worth nothing anywhere else.
const stripeKey = "sk_test_local"

// Options say how to start.
type Options struct {
	Folder string        // where everything is kept
	PGBin  string        // folder of PostgreSQL's binaries; "" looks for them
	Stripe config.Secret // a real test key; "" uses the stand-in

	Operators string // addresses of operators beside Operator, separated by commas

	Log *slog.Logger
	Say func(string) // gets a line before a step that takes long
}

// Servers is what runs.
type Servers struct {
	Postgres *postgres.Server
	Mailbox  *mailbox.Mailbox

	redis  *memredis.Server
	pay    *pay.Stripe // nil with a real key
	o      Options
	secret string // signs codes
	key    string // wraps the keys of offline packages
	url    string
}

// Start starts the servers for a handbook that readers reach at url. The
// error is a *postgres.Held when another process has the folder.
func Start(ctx context.Context, url string, o Options) (*Servers, error) {
	s := &Servers{o: o, url: url}
	for _, step := range []func(context.Context) error{s.postgres, s.keepSecrets, s.others} {
		if err := step(ctx); err != nil {
			s.Stop()
			return nil, err
		}
	}
	return s, nil
}

const database = "handbook"

func (s *Servers) postgres(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.o.Folder, 0o755); err != nil {
		return err
	}
	s.Postgres, err = postgres.Start(ctx, postgres.Options{
		Data: filepath.Join(s.o.Folder, "postgres"), Durable: true, Bin: s.o.PGBin, Say: s.o.Say,
	})
	if err != nil {
		return err
	}
	c, err := pgconn.Connect(ctx, s.Postgres.URL("postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, `CREATE DATABASE `+database).ReadAll()
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42P04" { // it is there
		return nil
	}
	return err
}

// keepSecrets reads the secrets of this handbook, or makes them at the first
// start.
func (s *Servers) keepSecrets(context.Context) (err error) {
	if s.secret, err = s.keep("secret", base64.RawURLEncoding); err != nil {
		return err
	}
	s.key, err = s.keep("content-key", base64.StdEncoding)
	return err
}

// keep returns the 32 random bytes in a file, which it makes if need be.
func (s *Servers) keep(name string, as *base64.Encoding) (string, error) {
	path := filepath.Join(s.o.Folder, name)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails
		b = []byte(as.EncodeToString(random))
		err = os.WriteFile(path, b, 0o600)
	}
	return strings.TrimSpace(string(b)), err
}

func (s *Servers) others(context.Context) (err error) {
	if s.redis, err = memredis.Start(); err != nil {
		return err
	}
	if s.Mailbox, err = mailbox.Open(filepath.Join(s.o.Folder, "mail")); err != nil {
		return err
	}
	if s.o.Stripe != "" {
		return nil
	}
	s.pay, err = pay.New(pay.Options{
		Secret: stripeKey, WebhookSecret: s.webhookSecret(), File: filepath.Join(s.o.Folder, "stripe.json"),
		WebhookURL: func() string { return s.url + "/api/stripe/webhook" },
		PublicURL:  func() string { return s.url + "/local/pay" },
		Log:        s.o.Log, Now: time.Now,
	})
	if err != nil {
		return err
	}
	return errors.Join(s.pay.Promote("HALF", 50), s.pay.Promote("FREE", 100))
}

func (s *Servers) webhookSecret() string { return "whsec_" + s.secret }

// Config returns the configuration of a handbook on these servers, good for
// web and worker in one process.
func (s *Servers) Config() *config.Config {
	redis := config.Secret(s.redis.URL())
	c := &config.Config{
		AppEnv: "development", Port: 3000, LogLevel: "info", BlobURL: "postgres",
		DatabaseURL: config.Secret(s.Postgres.URL(database)), DatabaseMaxConns: 12,
		RedisURL: redis, RedisCacheURL: redis,
		AuthURL: s.url, AuthSecret: config.Secret(s.secret), AdminEmails: strings.TrimSuffix(Operator+","+s.o.Operators, ","),
		MetricsToken:    config.Secret(rand.Text()), // for this start
		StripeSecretKey: s.o.Stripe, StripeWebhookSecret: config.Secret(s.webhookSecret()),
		ContentEncryptionKey: config.Secret(s.key),
		MailURL:              config.Secret(s.Mailbox.URL()), MailFrom: "Interactive Pilot Handbook <handbook@handbook.test>",
	}
	if s.pay != nil {
		c.StripeSecretKey, c.StripeAPIBase = stripeKey, s.url+"/local/stripe"
	}
	return c
}

// Handler puts the stand-ins' pages before the handbook. Only requests to
// this machine's own names are served: another site's name that resolves to
// it must not reach the mailbox.
func (s *Servers) Handler(handbook http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/local/mail/", s.Mailbox.Pages())
	if s.pay != nil {
		mux.Handle("/local/pay/", s.pay.Pages())
		mux.Handle("/local/stripe/", http.StripPrefix("/local/stripe", s.pay.API()))
	}
	mux.Handle("/", handbook)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownName(r.Host) {
			http.Error(w, "This handbook answers to localhost only.", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func ownName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == "::1"
}

// Stop ends the servers; what they keep stays.
func (s *Servers) Stop() {
	if s.pay != nil {
		s.pay.Close()
	}
	if s.Mailbox != nil {
		_ = s.Mailbox.Close()
	}
	if s.redis != nil {
		s.redis.Stop()
	}
	if s.Postgres != nil {
		if err := s.Postgres.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
