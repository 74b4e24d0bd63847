package cache_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func client(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	c, err := cache.Quick(url, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestStrategies(t *testing.T) {
	t.Parallel()
	rdb := client(t, platformtest.Redis(t))
	c := cache.New(rdb, platformtest.Log(t))
	for _, tc := range []struct {
		strategy cache.Strategy
		key      string
		ttl      time.Duration
	}{
		{cache.Session, "session:k", 3600 * time.Second},
		{cache.Progress, "progress:k", 900 * time.Second},
		{cache.Content, "content:k", 86400 * time.Second},
		{cache.Purchase, "purchase:k", 3600 * time.Second},
		{cache.Search, "search:k", 21600 * time.Second},
		{cache.Strategy{}, "content:k", 86400 * time.Second},
	} {
		rdb.FlushDB(t.Context())
		cache.Set(t.Context(), c, tc.strategy, "k", map[string]int{"a": 1})
		if got := rdb.Get(t.Context(), tc.key).Val(); got != `{"a":1}` {
			t.Errorf("%s holds %q", tc.key, got)
		}
		if got := rdb.TTL(t.Context(), tc.key).Val(); got > tc.ttl || got < tc.ttl-5*time.Second {
			t.Errorf("%s lives %v, want %v", tc.key, got, tc.ttl)
		}
		v, ok := cache.Get[map[string]int](t.Context(), c, tc.strategy, "k")
		if !ok || v["a"] != 1 {
			t.Errorf("got %v, %v", v, ok)
		}
		c.Drop(t.Context(), tc.strategy, "k")
		if _, ok := cache.Get[map[string]int](t.Context(), c, tc.strategy, "k"); ok {
			t.Errorf("%s is still there", tc.key)
		}
	}
}

func TestNotJSONIsAMiss(t *testing.T) {
	t.Parallel()
	rdb := client(t, platformtest.Redis(t))
	c := cache.New(rdb, platformtest.Log(t))
	rdb.Set(t.Context(), "content:k", "{", 0)
	if v, ok := cache.Get[map[string]int](t.Context(), c, cache.Content, "k"); ok || v != nil {
		t.Errorf("got %v", v)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c := cache.New(client(t, platformtest.Redis(t)), platformtest.Log(t))
	calls := 0
	load := func() (int, error) {
		return cache.Load(t.Context(), c, cache.Search, "k", func(context.Context) (int, error) {
			calls++
			if calls == 1 {
				return 0, errors.New("first")
			}
			return calls, nil
		})
	}
	if _, err := load(); err == nil {
		t.Error("the error is gone")
	}
	for range 3 {
		if v, err := load(); v != 2 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	}
	cache.Get[int](t.Context(), c, cache.Strategy{}, "unknown") // counts as content
	want := []cache.Count{{Strategy: "session"}, {Strategy: "progress"}, {Strategy: "content", Misses: 1}, {Strategy: "purchase"}, {Strategy: "search", Hits: 2, Misses: 2}}
	if got := c.Counts(); !slices.Equal(got, want) {
		t.Errorf("look-ups: %+v, want %+v", got, want)
	}
}

// A Redis that is away, or accepts and never answers, is a miss, and is then
// left alone for a while.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, url := range map[string]string{"nobody there": "redis://127.0.0.1:1", "silent": "redis://" + silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cache.New(client(t, url), platformtest.Log(t))
			for range 1000 { // 150 ms each would be minutes
				v, err := cache.Load(t.Context(), c, cache.Content, "k", func(context.Context) (int, error) { return 7, nil })
				if v != 7 || err != nil {
					t.Fatalf("got %d, %v", v, err)
				}
			}
			c.Drop(t.Context(), cache.Content, "k")
			if got := c.Counts()[2]; got.Misses != 1000 || got.Hits != 0 {
				t.Errorf("look-ups: %+v, want 1000 misses", got)
			}
		})
	}
}

func TestNilCache(t *testing.T) {
	t.Parallel()
	var c *cache.Cache
	cache.Set(t.Context(), c, cache.Content, "k", 1)
	c.Drop(t.Context(), cache.Content, "k")
	if _, ok := cache.Get[int](t.Context(), c, cache.Content, "k"); ok {
		t.Error("a cache that is not there has a value")
	}
}

func TestClients(t *testing.T) {
	t.Parallel()
	patient, err := cache.Patient("redis://user:pw@redis.internal:6379/0", 0)
	if err != nil {
		t.Fatal(err)
	}
	quick, err := cache.Quick("redis://redis.internal:6379", 0)
	if err != nil {
		t.Fatal(err)
	}
	p, q := patient.(*redis.Client).Options(), quick.(*redis.Client).Options()
	if p.MinRetryBackoff != 100*time.Millisecond || p.MaxRetries != 3 {
		t.Errorf("the queue's client retries %d times after %v, want 3 after 100 ms", p.MaxRetries, p.MinRetryBackoff)
	}
	if p.DialTimeout != 10*time.Second || p.ReadTimeout != 5*time.Second || p.WriteTimeout != 5*time.Second {
		t.Errorf("the queue's client waits %v, %v, %v; want 10 s, 5 s, 5 s", p.DialTimeout, p.ReadTimeout, p.WriteTimeout)
	}
	if q.ReadTimeout != 150*time.Millisecond || q.WriteTimeout != 150*time.Millisecond || q.DialTimeout != 150*time.Millisecond || q.MaxRetries != 0 {
		t.Errorf("the caches' client waits %v, %v, %v and retries %d times; want 150 ms and never", q.DialTimeout, q.ReadTimeout, q.WriteTimeout, q.MaxRetries)
	}
	patienter, err := cache.Quick("redis://redis.internal:6379?read_timeout=3s", 0)
	if err != nil {
		t.Fatal(err)
	}
	if o := patienter.(*redis.Client).Options(); o.ReadTimeout != 3*time.Second || o.WriteTimeout != 150*time.Millisecond {
		t.Errorf("a caches' client whose URL says 3 s waits %v, %v", o.ReadTimeout, o.WriteTimeout)
	}
	for _, o := range []*redis.Options{p, q} {
		if !o.ContextTimeoutEnabled || o.MinIdleConns != 0 {
			t.Error("a client ignores its caller's time, or connects before it is used")
		}
	}
	if _, err := cache.Patient("redis://user:hidden@host:notaport", 0); err == nil || len(err.Error()) > 40 {
		t.Errorf("got %v", err)
	}
}

// The family decides which of a name's addresses is dialled.
func TestFamily(t *testing.T) {
	t.Parallel()
	four, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = four.Close() })
	_, port, _ := net.SplitHostPort(four.Addr().String())
	for family, want := range map[int]bool{0: true, 4: true, 6: false} {
		c, err := cache.Patient("redis://localhost:"+port, family)
		if err != nil {
			t.Fatal(err)
		}
		o := c.(*redis.Client).Options()
		conn, err := o.Dialer(t.Context(), "tcp", o.Addr)
		if (err == nil) != want {
			t.Errorf("family %d: %v", family, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	m := cache.NewMemory(100, func() time.Time { return time.Unix(0, now.Load()) })
	loads := 0
	recall := func(key string, cost int) string {
		v, err := cache.Recall(t.Context(), m, key, time.Second, func(context.Context) (string, int, error) {
			loads++
			return key, cost, nil
		})
		if err != nil || v != key {
			t.Fatalf("got %q, %v", v, err)
		}
		return v
	}
	recall("a", 40)
	recall("a", 40)
	if loads != 1 {
		t.Errorf("%d loads, want 1", loads)
	}
	now.Store(int64(time.Second))
	recall("a", 40)
	if loads != 2 || m.Held() != 40 {
		t.Errorf("%d loads, %d bytes held; want 2 and 40", loads, m.Held())
	}
	if got, want := m.Counts(), (cache.Count{Strategy: "memory", Hits: 1, Misses: 2}); got != want {
		t.Errorf("look-ups: %+v, want %+v", got, want)
	}
	recall("b", 40)
	recall("a", 40)
	recall("c", 40) // b was used longest ago
	if m.Held() != 80 {
		t.Errorf("%d bytes held, want 80", m.Held())
	}
	recall("a", 40)
	if loads != 4 {
		t.Errorf("%d loads, want 4: a was dropped instead of b", loads)
	}
	m.Drop(func(key string, _ any) bool { return key == "a" })
	recall("a", 40)
	if loads != 5 {
		t.Errorf("%d loads, want 5: a was not dropped", loads)
	}
}

func TestMemoryErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(100, time.Now)
	for i := range 3 {
		_, err := cache.Recall(t.Context(), m, "k", time.Minute, func(context.Context) (int, int, error) {
			return 0, 1, errors.New("away")
		})
		if err == nil {
			t.Fatalf("call %d has no error", i)
		}
	}
	if m.Held() != 0 {
		t.Errorf("%d bytes held", m.Held())
	}
}

// What was loaded before a fact changed must not be kept after it changed.
func TestMemoryDropDuringLoad(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(100, time.Now)
	old := func(context.Context) (string, int, error) {
		m.Drop(func(string, any) bool { return true })
		return "old", 1, nil
	}
	if _, err := cache.Recall(t.Context(), m, "k", time.Minute, old); err != nil {
		t.Fatal(err)
	}
	got, err := cache.Recall(t.Context(), m, "k", time.Minute, func(context.Context) (string, int, error) { return "new", 1, nil })
	if err != nil || got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestMemoryOneLoad(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(100, time.Now)
	var loads atomic.Int32
	release := make(chan struct{})
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%10 == 0 {
				cancel() // who leaves early takes nobody along
			}
			_, err := cache.Recall(ctx, m, "k", time.Minute, func(context.Context) (int, int, error) {
				loads.Add(1)
				<-release
				return 1, 1, nil
			})
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // let them gather; the count holds either way
	close(release)
	all.Wait()
	if loads.Load() != 1 {
		t.Errorf("%d loads, want 1", loads.Load())
	}
}

// Whoever asks after a change must not be told what was loaded before it.
func TestMemoryJoinsNoOldLoad(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(100, time.Now)
	loading, release := make(chan struct{}), make(chan struct{})
	old := make(chan string)
	go func() {
		v, _ := cache.Recall(context.Background(), m, "k", time.Minute, func(context.Context) (string, int, error) {
			close(loading)
			<-release
			return "old", 1, nil
		})
		old <- v
	}()
	<-loading
	m.Drop(func(string, any) bool { return false })
	got, err := cache.Recall(t.Context(), m, "k", time.Minute, func(context.Context) (string, int, error) { return "new", 1, nil })
	if err != nil || got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
	close(release)
	<-old
	if got, _ := cache.Recall(t.Context(), m, "k", time.Minute, func(context.Context) (string, int, error) { return "newer", 1, nil }); got != "new" {
		t.Errorf("afterwards got %q, want the new one kept", got)
	}
}

func TestMemoryPanicIsAnError(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(100, time.Now)
	_, err := cache.Recall(t.Context(), m, "k", time.Minute, func(context.Context) (int, int, error) { panic("oh no") })
	if err == nil || !strings.Contains(err.Error(), "oh no") {
		t.Errorf("got %v", err)
	}
}
