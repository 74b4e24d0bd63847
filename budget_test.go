package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions"
	"pilothandbook/handbook/bundle"
	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/local/postgres"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/router"
	"pilothandbook/worker"
)

// allowed is how many connections PostgreSQL has for the handbook.
const allowed = 15

var clients = flag.Int("clients", 200, "how many clients TestConnectionBudget has")

// ownPostgres starts a PostgreSQL of the test's own, with the schema, and
// returns what it prints.
func ownPostgres(t *testing.T, connections int) (*postgres.Server, *platformtest.Paper) {
	t.Helper()
	said := &platformtest.Paper{}
	s, err := postgres.Start(t.Context(), postgres.Options{MaxConnections: connections, Log: said})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	if _, err := db.Migrate(t.Context(), s.URL("postgres"), migrations.Files, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return s, said
}

// service opens a process's platform, with as many connections as it has.
func service(t *testing.T, cfg *config.Config, s config.Service, conns int32) *platform.Platform {
	t.Helper()
	own := *cfg
	own.DatabaseMaxConns = conns
	p, err := platform.Open(&own, s, platformtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// TestConnectionBudget has two web services, as while a deploy overlaps, and two
// workers be used by far more clients than they have connections. PostgreSQL
// never has more than its budget of them, and everybody is answered.
func TestConnectionBudget(t *testing.T) {
	t.Parallel()
	s, said := ownPostgres(t, 20)
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret(s.URL("postgres"))
	var bases []string
	for range 2 {
		p := service(t, cfg, config.Web, 4)
		slow := web.Route{Method: http.MethodGet, Path: "/slow", Access: web.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			_, err := p.DB.Exec(r.Context(), `SELECT pg_sleep(0.02)`)
			if err != nil {
				return err
			}
			return web.JSON(w, http.StatusOK, "slept")
		}}
		server := httptest.NewServer(router.New(p, append(functions.All(p), slow)...))
		t.Cleanup(server.Close)
		bases = append(bases, server.URL)
	}
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	defer func() { stop(); working.Wait() }()
	for range 2 {
		p := service(t, cfg, config.Worker, 3)
		working.Go(func() { _ = worker.Run(ctx, p, bundle.Compiler{}) })
	}
	admin, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	_, err = admin.Exec(t.Context(), `
		WITH somebody AS (
			INSERT INTO users (id, email)
			SELECT gen_random_uuid(), gen_random_uuid() || '@example.com' FROM generate_series(1, 300)
			RETURNING id)
		INSERT INTO outbox (id, kind, queue, payload)
		SELECT gen_random_uuid(), 'welcome-email', 'email-queue', jsonb_build_object('user', id) FROM somebody`)
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var all sync.WaitGroup
	var answered, refused, left atomic.Int64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *clients}, Timeout: time.Minute}
	for i := range *clients {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(i)))
			for range 10 {
				url := bases[dice.IntN(2)] + []string{"/slow", "/slow", "/", "/api/health/ready"}[dice.IntN(4)]
				switch status, err := hurried(ctx, client, url, dice); {
				case status == http.StatusOK:
					answered.Add(1)
				case status == http.StatusServiceUnavailable:
					refused.Add(1)
				case errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "Client.Timeout"):
					left.Add(1)
				default:
					t.Errorf("%s: %d, %v", url, status, err)
				}
			}
		})
	}
	go func() { all.Wait(); done.Store(true) }()
	most := 0
	for !done.Load() {
		n := 0
		if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		most = max(most, n)
		time.Sleep(2 * time.Millisecond)
	}
	t.Logf("%d answered, %d refused, %d left; %d connections at most", answered.Load(), refused.Load(), left.Load(), most)
	if most > allowed || most < 8 {
		t.Errorf("PostgreSQL had %d connections, want %d at most, and those of web in use", most, allowed)
	}
	if strings.Contains(said.String(), "too many clients") || strings.Contains(said.String(), "remaining connection slots") {
		t.Errorf("PostgreSQL refused connections:\n%s", said)
	}
	if answered.Load() == 0 || left.Load() == 0 {
		t.Error("nobody was answered, or nobody left")
	}
}

// hurried asks for a page, and leaves soon one time in five.
func hurried(ctx context.Context, c *http.Client, url string, dice *rand.Rand) (status int, err error) {
	if dice.IntN(5) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(dice.IntN(30))*time.Millisecond)
		defer cancel()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	return res.StatusCode, nil
}
