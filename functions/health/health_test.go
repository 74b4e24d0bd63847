package health_test

import (
	"encoding/json"
	"net"
	"slices"
	"testing"
	"time"

	"pilothandbook/functions/health"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

type report struct {
	Status    string                     `json:"status"`
	Timestamp string                     `json:"timestamp"`
	Services  map[string]json.RawMessage `json:"services"`
	Version   string                     `json:"version"`
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health", nil)
	var r report
	got.Into(t, &r)
	if got.Status != 200 || r.Status != "healthy" || string(r.Services["database"]) != `"healthy"` || string(r.Services["redis"]) != `"healthy"` || r.Version == "" {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", r.Timestamp); err != nil || time.Since(at) > time.Minute {
		t.Errorf("timestamp %q", r.Timestamp)
	}
	var m map[string]int
	if err := json.Unmarshal(r.Services["memory"], &m); err != nil || len(m) != 3 || m["heapTotal"] < m["heapUsed"] || m["rss"] < 1 {
		t.Errorf("memory %s", r.Services["memory"])
	}
	var keys []string
	for k := range r.Services {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if want := []string{"database", "memory", "redis"}; !slices.Equal(keys, want) {
		t.Errorf("services %q, want %q", keys, want)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"} {
		for _, path := range []string{"/api/health", "/api/health/live", "/api/health/ready"} {
			got := platformtest.Call(t, p, health.Routes(p), nil, method, path, nil)
			if got.Status != 405 || got.Body != `{"error":"Method not allowed"}`+"\n" || got.Header.Get("Allow") == "" {
				t.Errorf("%s %s: %d %q, Allow %q", method, path, got.Status, got.Body, got.Header.Get("Allow"))
			}
		}
	}
}

// Each probe speaks for itself, whether a server is away or accepts and says
// nothing; a process without them is alive all the same.
func TestDegraded(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	addr := silent.Addr().String()
	for _, tc := range []struct {
		name, database, redis string // "" is the real one
		wantDB, wantRedis     string
		ready                 int
	}{
		{"no database", "postgres://127.0.0.1:1/x", "", `"unhealthy"`, `"healthy"`, 503},
		{"no redis", "", "redis://127.0.0.1:1", `"healthy"`, `"unhealthy"`, 200},
		{"neither", "postgres://127.0.0.1:1/x", "redis://127.0.0.1:1", `"unhealthy"`, `"unhealthy"`, 503},
		{"both silent", "postgres://" + addr + "/x?sslmode=disable", "redis://" + addr, `"unhealthy"`, `"unhealthy"`, 503},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cfg := platformtest.Config(t)
			if tc.database != "" {
				cfg.DatabaseURL = config.Secret(tc.database)
			}
			if tc.redis != "" {
				cfg.RedisURL = config.Secret(tc.redis)
			}
			p := platformtest.Open(t, cfg)
			got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health", nil)
			var r report
			got.Into(t, &r)
			if got.Status != 503 || r.Status != "degraded" || string(r.Services["database"]) != tc.wantDB || string(r.Services["redis"]) != tc.wantRedis {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			if got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health/live", nil); got.Status != 200 {
				t.Errorf("live: %d", got.Status)
			}
			if got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health/ready", nil); got.Status != tc.ready {
				t.Errorf("ready: %d %s, want %d", got.Status, got.Body, tc.ready)
			}
		})
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	t.Run("an older schema", func(t *testing.T) {
		t.Parallel()
		cfg := platformtest.Config(t)
		cfg.DatabaseURL = config.Secret(platformtest.EmptyDatabase(t))
		p := platformtest.Open(t, cfg)
		if got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health/ready", nil); got.Status != 503 {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
	t.Run("stopping", func(t *testing.T) {
		t.Parallel()
		p := platformtest.New(t)
		p.Draining.Store(true)
		if got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health/ready", nil); got.Status != 503 {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
}

// A burst of requests asks PostgreSQL once.
func TestBurstSharesAProbe(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	before := p.DB.Stat().AcquireCount()
	for range 200 {
		if got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health", nil); got.Status != 200 {
			t.Fatal(got)
		}
	}
	if n := p.DB.Stat().AcquireCount() - before; n > 20 {
		t.Errorf("200 requests took %d connections", n)
	}
}
