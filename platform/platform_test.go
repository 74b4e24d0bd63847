package platform_test

import (
	"log/slog"
	"strings"
	"testing"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// Nothing is connected before it is used.
func TestOpenIsLazy(t *testing.T) {
	t.Parallel()
	p, err := platform.Open(&config.Config{
		DatabaseURL: "postgres://127.0.0.1:1/none", DatabaseMaxConns: 4, RedisURL: "redis://127.0.0.1:1", RedisCacheURL: "redis://127.0.0.1:1",
	}, config.Web, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n := p.DB.Stat().TotalConns(); n != 0 {
		t.Errorf("%d connections to PostgreSQL", n)
	}
	if n := p.Redis.PoolStats().TotalConns; n != 0 {
		t.Errorf("%d connections to Redis", n)
	}
}

// In development every query is in the log, in production only what failed;
// arguments never are.
func TestQueryLog(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]struct{ query, failure bool }{"development": {true, true}, "production": {false, true}} {
		var out platformtest.Paper
		cfg := platformtest.Config(t)
		cfg.AppEnv = env
		p, err := platform.Open(cfg, config.Web, platform.NewLogger(&out, "info"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DB.Exec(t.Context(), `SELECT $1::text AS fine`, "argument"); err != nil {
			t.Error(err)
		}
		if _, err := p.DB.Exec(t.Context(), `SELECT $1::text AS broken FROM nowhere`, "argument"); err == nil {
			t.Error("no error")
		}
		p.Close()
		if got := out.String(); strings.Contains(got, "AS fine") != want.query || strings.Contains(got, "AS broken") != want.failure || strings.Contains(got, "argument") {
			t.Errorf("in %s the log is:\n%s", env, got)
		}
	}
}
