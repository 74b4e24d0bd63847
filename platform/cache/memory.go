package cache

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"pilothandbook/platform/fault"
)

// Memory is this process's own cache. It holds at most a number of bytes, as
// its users count them, and drops what was used longest ago. Equal loads
// under way at once are one load.
type Memory struct {
	now     func() time.Time
	flights singleflight.Group

	mu    sync.Mutex
	max   int64
	held  int64
	drops uint64 // loads begun before a drop are not kept
	lru   *simplelru.LRU[string, *entry]
	count Count
}

// Look returns the value kept under key, if there is one of this type.
func Look[V any](m *Memory, key string) (V, bool) {
	kept, _ := m.get(key)
	v, ok := kept.(V)
	return v, ok
}

// loadTimeout bounds a load, whoever waits for it.
const loadTimeout = 10 * time.Second

type entry struct {
	value any
	cost  int64
	until time.Time
	used  bool // since it was put
}

// NewMemory returns a Memory for max bytes.
func NewMemory(max int64, now func() time.Time) *Memory {
	m := &Memory{now: now, max: max, count: Count{Strategy: "memory"}}
	const unbounded = 1 << 30 // the cost bounds it, not the number of entries
	m.lru, _ = simplelru.NewLRU(unbounded, func(_ string, e *entry) { m.held -= e.cost })
	return m
}

// Recall returns the value kept under key, or loads it and keeps it for ttl.
// load also returns the value's size in bytes. Errors are not kept, and
// neither is what was loaded while a Drop happened.
func Recall[V any](ctx context.Context, m *Memory, key string, ttl time.Duration, load func(context.Context) (V, int, error)) (V, error) {
	if v, ok := m.get(key); ok {
		return v.(V), nil
	}
	// Whoever asks after a Drop must not be answered by a load begun before
	// it, so that the generation is part of the flight's name.
	before := m.Generation()
	flight := m.flights.DoChan(strconv.FormatUint(before, 36)+" "+key, func() (any, error) {
		// The load serves all who wait for it, so that it outlives the one
		// who began it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		v, cost, err := protect(ctx, load)
		if err == nil {
			m.Put(key, v, cost, ttl, before)
		}
		return v, err
	})
	var zero V
	select {
	case r := <-flight:
		if r.Err != nil {
			return zero, r.Err
		}
		return r.Val.(V), nil
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// protect turns a panic of a load into its error: it runs in a goroutine of
// its own, where nobody else would catch it.
func protect[V any](ctx context.Context, load func(context.Context) (V, int, error)) (v V, cost int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Caught(r)
		}
	}()
	return load(ctx)
}

// Drop forgets every entry that match says so of.
func (m *Memory) Drop(match func(key string, value any) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drops++
	for _, key := range m.lru.Keys() {
		if e, ok := m.lru.Peek(key); ok && match(key, e.value) {
			m.lru.Remove(key)
		}
	}
}

// Held returns how many bytes are kept, as counted by their users.
func (m *Memory) Held() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

// Counts returns how look-ups ended so far.
func (m *Memory) Counts() Count {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

// Generation changes with every Drop. What was loaded under an older one is
// not kept.
func (m *Memory) Generation() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.drops
}

func (m *Memory) get(key string) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.lru.Get(key)
	if ok {
		e.used = true
	}
	if !ok || !m.now().Before(e.until) {
		m.count.Misses++
		return nil, false
	}
	m.count.Hits++
	return e.value, true
}

// Put keeps a value of cost bytes under key for ttl, if nothing was dropped
// since the generation under which it was loaded.
func (m *Memory) Put(key string, value any, cost int, ttl time.Duration, loaded uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drops != loaded {
		return
	}
	m.lru.Remove(key)
	m.lru.Add(key, &entry{value: value, cost: int64(cost), until: m.now().Add(ttl)})
	m.held += int64(cost)
	for m.held > m.max && m.lru.Len() > 1 {
		m.lru.RemoveOldest()
	}
}

// Due returns at most max keys with a prefix whose values were used and end
// within a time, or have ended: loading them together with another one is
// cheaper than each alone. They count as unused until they are used again.
func (m *Memory) Due(prefix string, within time.Duration, max int) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []string
	end := m.now().Add(within)
	for _, key := range m.lru.Keys() {
		if len(due) == max {
			break
		}
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if e, ok := m.lru.Peek(key); ok && e.used && e.until.Before(end) {
			e.used = false
			due = append(due, key)
		}
	}
	return due
}
