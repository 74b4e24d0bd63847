package otlp_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/incident"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/tracing/otlp"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

// BenchmarkBlackHole answers requests that fail, each of which is traced and
// reported, while collector and Sentry take connections and never answer; and by
// turns such requests of a handbook that has neither. It tells the 99th
// percentile of both, and how much the black hole adds to it.
func BenchmarkBlackHole(b *testing.B) {
	const turn = 500
	l, err := net.Listen("tcp", "127.0.0.1:0") // whose connections nobody accepts
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	hole := l.Addr().String()
	stop, err := otlp.Start(b.Context(), otlp.Options{Endpoint: "http://" + hole, Service: "web", Version: "bench", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		stop(ctx)
	})
	cfg := platformtest.Config(b)
	cfg.OTLPEndpoint, cfg.TraceShare = "http://"+hole, 1
	told := quiet(b, cfg)
	reporter, err := incident.New(incident.Options{DSN: "http://key@" + hole + "/1", Service: "web"})
	if err != nil {
		b.Fatal(err)
	}
	told.Monitor.OnError(reporter.Report)
	with, without := failing(told), failing(quiet(b, platformtest.Config(b)))
	var slow, plain []time.Duration
	for b.Loop() {
		for range turn {
			slow, plain = append(slow, with()), append(plain, without())
		}
	}
	slices.Sort(slow)
	slices.Sort(plain)
	p99 := func(all []time.Duration) float64 { return all[len(all)*99/100].Seconds() * 1000 }
	b.ReportMetric(p99(plain), "ms-p99-without")
	b.ReportMetric(p99(slow), "ms-p99-with")
	added := p99(slow) - p99(plain)
	b.ReportMetric(added, "ms-added")
	if added > 10 {
		b.Errorf("a black hole adds %.2f ms to the 99th percentile of %.2f ms, want 10 at most", added, p99(plain))
	}
}

// quiet returns a platform whose log is thrown away.
func quiet(b *testing.B, cfg *config.Config) *platform.Platform {
	b.Helper()
	p, err := platform.Open(cfg, config.Web, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Close)
	return p
}

// failing returns a request that asks PostgreSQL and then fails, which tells how
// long it took.
func failing(p *platform.Platform) func() time.Duration {
	rt := router.New(p, web.Route{Method: "GET", Path: "/fails", Access: web.Public, Handle: func(_ http.ResponseWriter, r *http.Request) error {
		_, err := p.DB.Exec(r.Context(), `SELECT 1`)
		return errors.Join(err, errors.New("it fails"))
	}})
	return func() time.Duration {
		began := time.Now()
		rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/fails", nil))
		return time.Since(began)
	}
}
