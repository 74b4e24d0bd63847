package limit_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/limit"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// clock is a time that the test moves.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *clock) forward(d time.Duration) { c.ns.Add(int64(d)) }

// node returns the limiter of a process that shares a Redis with others.
func node(t *testing.T, redis string, proxies int, now func() time.Time) *limit.Limiter {
	t.Helper()
	client, err := cache.Quick(redis, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return limit.New(client, proxies, slog.New(slog.DiscardHandler), now)
}

func alone(now func() time.Time) *limit.Limiter {
	return limit.New(nil, 0, slog.New(slog.DiscardHandler), now)
}

func from(address string, forwarded ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = address
	for _, f := range forwarded {
		r.Header.Add("X-Forwarded-For", f)
	}
	return r
}

// rule names its counts after the test, as Redis databases are used again.
func rule(t *testing.T, reader, address, total int) web.Limit {
	per := func(n int) web.Rate { return web.Rate{N: n, Per: time.Hour} }
	return web.Limit{Name: fmt.Sprint(t.Name(), time.Now().UnixNano()), Reader: per(reader), Address: per(address), Total: per(total)}
}

// allowed counts how many of n requests may go on.
func allowed(n int, take func(i int) time.Duration) (ok int) {
	for i := range n {
		if take(i) == 0 {
			ok++
		}
	}
	return ok
}

func TestEachBound(t *testing.T) {
	t.Parallel()
	l := node(t, platformtest.Redis(t), 0, time.Now)
	for _, tc := range []struct {
		name                   string
		reader, address, total int
		caller                 func(i int) (address, reader string)
		want                   int
	}{
		{"one account from everywhere", 5, 0, 0, func(i int) (string, string) { return fmt.Sprintf("192.0.2.%d:1", i), "ana" }, 5},
		{"one address as everybody", 0, 6, 0, func(i int) (string, string) { return "192.0.2.1:1", fmt.Sprint(i) }, 6},
		{"everybody from everywhere", 0, 0, 7, func(i int) (string, string) { return fmt.Sprintf("192.0.2.%d:1", i), fmt.Sprint(i) }, 7},
		{"the narrowest counts", 9, 4, 20, func(int) (string, string) { return "192.0.2.1:1", "ana" }, 4},
		{"nobody has no account", 1, 0, 0, func(int) (string, string) { return "192.0.2.1:1", "" }, 50},
		{"no bound", 0, 0, 0, func(int) (string, string) { return "192.0.2.1:1", "ana" }, 50},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := rule(t, tc.reader, tc.address, tc.total)
			got := allowed(50, func(i int) time.Duration {
				address, reader := tc.caller(i)
				return l.Take(from(address), r, reader)
			})
			if got != tc.want {
				t.Errorf("%d went on, want %d", got, tc.want)
			}
		})
	}
}

// Whoever is refused for themselves takes nothing away from others.
func TestOneCannotUseUpTheWhole(t *testing.T) {
	t.Parallel()
	l := node(t, platformtest.Redis(t), 0, time.Now)
	r := rule(t, 0, 3, 10)
	allowed(100, func(int) time.Duration { return l.Take(from("192.0.2.1:1"), r, "") })
	if got := allowed(7, func(i int) time.Duration { return l.Take(from(fmt.Sprintf("192.0.3.%d:1", i)), r, "") }); got != 7 {
		t.Errorf("%d others went on, want 7", got)
	}
}

func TestWaitIsTold(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]*limit.Limiter{"Redis": node(t, platformtest.Redis(t), 0, time.Now), "alone": alone(time.Now)} {
		r := rule(t, 0, 1, 0)
		l.Take(from("192.0.2.1:1"), r, "")
		if wait := l.Take(from("192.0.2.1:1"), r, ""); wait <= 50*time.Minute || wait > time.Hour {
			t.Errorf("%s: wait %v, want nearly an hour", name, wait)
		}
	}
}

// Header lines that the caller wrote change nothing.
func TestSpoofedAddresses(t *testing.T) {
	t.Parallel()
	redis := platformtest.Redis(t)
	for proxies := range 3 {
		l := node(t, redis, proxies, time.Now)
		r := rule(t, 0, 5, 0)
		got := allowed(200, func(i int) time.Duration {
			lines := []string{fmt.Sprintf("203.0.113.%d", i), fmt.Sprintf("2001:db8:%x::1, 10.0.0.%d", i, i)}
			for range proxies { // each appends what it saw
				lines = append(lines, "198.51.100.7")
			}
			return l.Take(from("10.9.9.9:1", lines...), r, "")
		})
		if got != 5 {
			t.Errorf("%d proxies: %d went on, want 5", proxies, got)
		}
	}
}

func TestIPv6Rotation(t *testing.T) {
	t.Parallel()
	l := node(t, platformtest.Redis(t), 1, time.Now)
	r := rule(t, 0, 5, 0)
	got := allowed(300, func(i int) time.Duration {
		return l.Take(from("10.0.0.1:1", fmt.Sprintf("2001:db8:1:2:%x:%x::%x", i, i*7, i*13)), r, "")
	})
	if got != 5 {
		t.Errorf("%d of one network went on, want 5", got)
	}
}

// Two processes and many at once: never more than the bound.
func TestParallelBursts(t *testing.T) {
	t.Parallel()
	redis := platformtest.Redis(t)
	nodes := []*limit.Limiter{node(t, redis, 0, time.Now), node(t, redis, 0, time.Now)}
	r := rule(t, 0, 20, 0)
	var ok atomic.Int32
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			if nodes[i%2].Take(from("192.0.2.1:1"), r, "") == 0 {
				ok.Add(1)
			}
		})
	}
	group.Wait()
	if got := int(ok.Load()); got > 20+len(nodes) || got == 0 {
		t.Errorf("%d went on, want at most 20 and one for each process", got)
	}
}

// What each process counts for itself is all of it, whether there is Redis or
// not.
func TestEachForItself(t *testing.T) {
	t.Parallel()
	redis := platformtest.Redis(t)
	r := rule(t, 0, 20, 0)
	r.Alone = true
	for name, l := range map[string]*limit.Limiter{"one": node(t, redis, 0, time.Now), "another": node(t, redis, 0, time.Now), "without Redis": alone(time.Now)} {
		if got := allowed(50, func(int) time.Duration { return l.Take(from("192.0.2.1:1"), r, "") }); got != 20 {
			t.Errorf("%s: %d went on, want 20", name, got)
		}
	}
}

// Without Redis each process allows a quarter, and what it had allowed before
// counts.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	away, now := miniredis.RunT(t), newClock()
	l, fresh := node(t, "redis://"+away.Addr(), 0, now.now), alone(now.now)
	r := rule(t, 0, 20, 0)
	if got := allowed(20, func(int) time.Duration { return l.Take(from("192.0.2.1:1"), r, "") }); got != 20 {
		t.Fatalf("%d went on with Redis, want 20", got)
	}
	away.Close()
	for i := range 3 { // also while Redis is left alone, and when it is asked again
		if got := allowed(50, func(int) time.Duration { return l.Take(from("192.0.2.1:1"), r, "") }); got != 0 {
			t.Errorf("%d more went on as Redis went away (%d)", got, i)
		}
		now.forward(2 * time.Second)
	}
	if got := allowed(50, func(int) time.Duration { return fresh.Take(from("192.0.2.1:1"), r, "") }); got != 5 {
		t.Errorf("%d went on without Redis, want a quarter of 20", got)
	}
	now.forward(12 * time.Minute)
	if got := allowed(50, func(int) time.Duration { return fresh.Take(from("192.0.2.1:1"), r, "") }); got != 1 {
		t.Errorf("%d went on after a fifth of the hour, want 1", got)
	}
	if err := away.Restart(); err != nil {
		t.Fatal(err)
	}
	away.FlushAll()
	now.forward(2 * time.Second)
	if l.Take(from("192.0.2.1:1"), r, "") != 0 {
		t.Error("Redis is back and not asked")
	}
}

// So many callers that not all are remembered.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := newClock()
	l, r := alone(now.now), rule(t, 0, 4, 400)
	got := allowed(30_000, func(i int) time.Duration {
		return l.Take(from("x", ""), web.Limit{Name: r.Name, Reader: r.Address, Total: r.Total}, fmt.Sprint(i))
	})
	if got != 100 {
		t.Errorf("%d went on in all, want 100", got)
	}
}
