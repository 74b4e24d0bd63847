package metrics_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pilothandbook/functions/metrics"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

const token = "a token of the tests"

// open returns a platform with a token, whose PostgreSQL and Redis are
// elsewhere where given.
func open(t *testing.T, database, redis string) *platform.Platform {
	t.Helper()
	cfg := platformtest.Config(t)
	cfg.MetricsToken = token
	if database != "" {
		cfg.DatabaseURL = config.Secret(database)
	}
	if redis != "" {
		cfg.RedisURL = config.Secret(redis)
	}
	return platformtest.Open(t, cfg)
}

func get(t *testing.T, p *platform.Platform, authorization string) platformtest.Answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return platformtest.Send(t, p, metrics.Routes(p), r)
}

func TestToken(t *testing.T) {
	t.Parallel()
	p := open(t, "", "")
	for authorization, want := range map[string]int{
		"Bearer " + token: 200, "": 401, "Bearer ": 401, "Bearer wrong": 401, token: 401, "Basic " + token: 401, "bearer " + token: 401, "Bearer " + token + " ": 401,
	} {
		got := get(t, p, authorization)
		if got.Status != want {
			t.Errorf("%q: %d, want %d", authorization, got.Status, want)
		}
		if strings.Contains(got.Body, "handbook_") != (want == 200) {
			t.Errorf("%q: %s", authorization, got.Body)
		}
		if want == 401 && !strings.Contains(got.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%q: %v", authorization, got.Header)
		}
	}
	none := platformtest.New(t)
	for _, authorization := range []string{"", "Bearer ", "Bearer " + token} {
		if got := get(t, none, authorization); got.Status != 401 || strings.Contains(got.Body, "handbook_") || !strings.Contains(got.Body, "it is not set here") {
			t.Errorf("without METRICS_TOKEN: %d %s", got.Status, got.Body)
		}
	}
}

func wants(t *testing.T, body string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(body, "\n"+line) {
			t.Errorf("%q is not in\n%s", line, body)
		}
	}
}

// pile writes what an operator must look at.
func pile(t *testing.T, p *platform.Platform) {
	t.Helper()
	for _, statement := range []string{`
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload) VALUES ('evt_1', 'x', '', false, now(), 'quarantined', '{}')`, `
		INSERT INTO outbox (id, kind, queue, payload, state, finished_at, created_at, run_at)
		SELECT gen_random_uuid(), kind, 'lane', '{}', state, now(), now() - interval '100 seconds', now() - interval '100 seconds'
		FROM (VALUES ('a "kind"', 'dead'), ('a "kind"', 'dead'), ('b', 'dead'), ('c', 'waiting'), ('c', 'done')) AS rows (kind, state)`} {
		if _, err := p.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	p := open(t, "", "")
	pile(t, p)
	got := get(t, p, "Bearer "+token)
	if got.Status != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	wants(t, got.Body, `handbook_up{service="database"} 1`, `handbook_up{service="redis"} 1`, `handbook_quarantined_events 1`,
		`handbook_dead_jobs{kind="a \"kind\""} 2`, `handbook_dead_jobs{kind="b"} 1`, `handbook_paid_without_access 0`, `handbook_refunds_failed 0`,
		`handbook_overdue_jobs 1`, `handbook_outbox_oldest_seconds 10`, `handbook_mails_pending 0`, `handbook_inbox_behind 0`,
		`handbook_jobs{queue="lane",state="waiting"} 1`, `handbook_jobs{queue="lane",state="dead"} 3`, `handbook_jobs_oldest_seconds{queue="lane",state="dead"} 10`,
		`handbook_database_connections_max 4`, `handbook_database_acquires_total`, `handbook_build_info{version=`, `go_goroutines `, `process_resident_memory_bytes `)
	wants(t, get(t, p, "Bearer "+token).Body, `handbook_requests_total{method="GET",route="/metrics",status="200"} 1`)
	if strings.Contains(got.Body, `state="done"`) {
		t.Error("it counts what is done")
	}
}

// What the process knows itself is told while its servers are away or silent.
func TestOutage(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	addr := silent.Addr().String()
	for _, tc := range []struct{ name, database, redis, wantDB, wantRedis string }{
		{"both silent", "postgres://" + addr + "/x?sslmode=disable", "redis://" + addr, "0", "0"},
		{"no database", "postgres://127.0.0.1:1/x", "", "0", "1"},
		{"no redis", "", "redis://127.0.0.1:1", "1", "0"},
		{"an empty database", "empty", "", "1", "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.database == "empty" {
				tc.database = platformtest.EmptyDatabase(t)
			}
			got := get(t, open(t, tc.database, tc.redis), "Bearer "+token)
			wants(t, got.Body, `handbook_up{service="database"} `+tc.wantDB, `handbook_up{service="redis"} `+tc.wantRedis, `handbook_build_info{`, `go_goroutines `)
		})
	}
}
