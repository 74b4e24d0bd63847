package health_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/health"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// However many ask while a probe hangs, PostgreSQL has one connection of it.
func TestHangingProbeIsShared(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var open, most atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			most.Store(max(most.Load(), open.Add(1)))
			go func() { // says nothing until the probe gives up
				_, _ = c.Read(make([]byte, 1024))
				_, _ = c.Read(make([]byte, 1))
				open.Add(-1)
				_ = c.Close()
			}()
		}
	}()
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret("postgres://" + l.Addr().String() + "/x?sslmode=disable")
	p := platformtest.Open(t, cfg)
	slowest(t, p)
	if most.Load() != 1 {
		t.Errorf("%d connections at once, want 1", most.Load())
	}
}

// The probes run at once: PostgreSQL and Redis, which both say nothing, are both
// asked before either is given up.
func TestProbesRunAtOnce(t *testing.T) {
	t.Parallel()
	var asked, gone sync.WaitGroup
	asked.Add(2)
	both := make(chan struct{})
	go func() { asked.Wait(); close(both) }()
	var inTurn atomic.Bool
	silent := func() (addr string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		gone.Go(func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			if n, _ := c.Read(make([]byte, 1)); n == 1 {
				asked.Done()
			}
			_, _ = io.Copy(io.Discard, c) // until it is given up
			select {
			case <-both:
			default:
				inTurn.Store(true)
			}
		})
		return l.Addr().String()
	}
	cfg := platformtest.Config(t)
	cfg.DatabaseURL, cfg.RedisURL = config.Secret("postgres://"+silent()+"/x?sslmode=disable"), config.Secret("redis://"+silent())
	p := platformtest.Open(t, cfg)
	if got := platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health", nil); got.Status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	p.Close()
	gone.Wait()
	if inTurn.Load() {
		t.Error("one probe was given up before the other asked")
	}
}

// promised is within how long health tells that both servers are silent.
const promised = 1200 * time.Millisecond

// Servers that accept and say nothing are given up by health itself, for all who
// ask at once. A busy machine may be late now and then; with a longer bound, or
// one server asked after the other, each try is late.
func TestSilentServersAreGivenUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	cfg := platformtest.Config(t)
	cfg.DatabaseURL, cfg.RedisURL = config.Secret("postgres://"+silent.Addr().String()+"/x?sslmode=disable"), config.Secret("redis://"+silent.Addr().String())
	var all []time.Duration
	for range 5 {
		took := slowest(t, platformtest.Open(t, cfg))
		if took <= promised {
			return
		}
		all = append(all, took)
	}
	t.Errorf("the slowest of a hundred took %v each time, want %s at most", all, promised)
}

// slowest has a hundred ask at once, who are told that it is not healthy, and
// returns how long the last one waited.
func slowest(t *testing.T, p *platform.Platform) time.Duration {
	t.Helper()
	rt := router.New(p, health.Routes(p)...)
	var all sync.WaitGroup
	began := time.Now()
	for range 100 {
		all.Go(func() {
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/health", nil))
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// BenchmarkAsked asks 5,000 times a second. PostgreSQL may have one connection of
// it, and of a hundred answers 99 come within 20 ms.
func BenchmarkAsked(b *testing.B) {
	const askers, second, soon = 50, 5000, 20 * time.Millisecond
	p := platformtest.New(b)
	server := httptest.NewServer(router.New(p, health.Routes(p)...))
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: askers}}
	look, err := pgx.Connect(b.Context(), p.Config.DatabaseURL.Reveal())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = look.Close(b.Context()) })
	most := 0
	var mu sync.Mutex
	var took []time.Duration
	for b.Loop() {
		var all sync.WaitGroup
		for range askers {
			all.Go(func() {
				tick := time.NewTicker(time.Second * askers / second)
				defer tick.Stop()
				for range second / askers {
					<-tick.C
					began := time.Now()
					if err := ask(client, server.URL+"/api/health"); err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
				}
			})
		}
		all.Go(func() {
			for range 20 {
				n := 0
				if err := look.QueryRow(b.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'handbook-web'`).Scan(&n); err != nil {
					b.Error(err)
				}
				most = max(most, n)
				time.Sleep(40 * time.Millisecond)
			}
		})
		all.Wait()
	}
	slices.Sort(took)
	rate := float64(len(took)) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "asked/s")
	b.ReportMetric(float64(most), "connections-at-most")
	p99 := took[len(took)*99/100]
	b.ReportMetric(float64(p99.Microseconds())/1000, "ms-p99")
	if most > 1 {
		b.Errorf("PostgreSQL had %d connections of it, want one at most", most)
	}
	if p99 > soon {
		b.Errorf("the p99 is %s, want %s at most", p99, soon)
	}
	if rate < 0.99*second { // the last answers come after the second
		b.Errorf("%.0f were asked in a second, want %d", rate, second)
	}
}

// ask reads a whole answer, so that its connection can be used again.
func ask(c *http.Client, url string) error {
	res, err := c.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s, %w", url, res.Status, err)
	}
	return nil
}
