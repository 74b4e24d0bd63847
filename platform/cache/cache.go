// Package cache holds what may be lost: values in Redis, each under one of
// five strategies, and values in this process's own memory. Nothing is ever
// true because a cache says so.
package cache

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Strategy is what a kind of value is called and how long it lives.
type Strategy struct {
	Prefix string
	TTL    time.Duration
}

// The five strategies. The zero Strategy counts as Content.
var (
	Session  = Strategy{"session:", time.Hour}         // who a session belongs to, for an outage of PostgreSQL
	Progress = Strategy{"progress:", 15 * time.Minute} // what a reader has read, changes often
	Content  = Strategy{"content:", 24 * time.Hour}    // rendered lessons, keyed by checksum
	Purchase = Strategy{"purchase:", time.Hour}        // what a reader owns, for an outage of PostgreSQL
	Search   = Strategy{"search:", 6 * time.Hour}      // answers, keyed by checksums and grants
)

var strategies = []Strategy{Session, Progress, Content, Purchase, Search}

// pause is how long Redis is left alone after it failed, so that an outage
// costs one time-out a second instead of one a request.
const pause = time.Second

// Cache is the cache in Redis. Its failures are misses. A nil *Cache misses
// always.
type Cache struct {
	redis     redis.UniversalClient
	log       *slog.Logger
	restUntil atomic.Int64        // Unix nanoseconds
	lookups   map[string]*lookups // by the strategies' prefixes
}

// lookups counts how look-ups ended.
type lookups struct{ hits, misses atomic.Int64 }

// New returns a cache on a client made by Quick.
func New(client redis.UniversalClient, log *slog.Logger) *Cache {
	c := &Cache{redis: client, log: log, lookups: map[string]*lookups{}}
	for _, s := range strategies {
		c.lookups[s.Prefix] = new(lookups)
	}
	return c
}

// Count tells how the look-ups of a strategy ended so far.
type Count struct {
	Strategy     string // its prefix, without the colon
	Hits, Misses int64
}

// Counts returns how look-ups ended so far, of each strategy.
func (c *Cache) Counts() []Count {
	if c == nil {
		return nil
	}
	var counts []Count
	for _, s := range strategies {
		l := c.lookups[s.Prefix]
		counts = append(counts, Count{strings.TrimSuffix(s.Prefix, ":"), l.hits.Load(), l.misses.Load()})
	}
	return counts
}

func fullKey(s Strategy, key string) string {
	return s.orContent().Prefix + key
}

func (s Strategy) orContent() Strategy {
	if s == (Strategy{}) {
		return Content
	}
	return s
}

// Bytes returns the bytes kept under key, and whether there were any.
func (c *Cache) Bytes(ctx context.Context, s Strategy, key string) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	count := c.lookups[s.orContent().Prefix]
	if c.resting() {
		count.misses.Add(1)
		return nil, false
	}
	b, err := c.redis.Get(ctx, fullKey(s, key)).Bytes()
	if err != nil {
		count.misses.Add(1)
		if !errors.Is(err, redis.Nil) {
			c.failed(ctx, "Cache get error:", err)
		}
		return nil, false
	}
	count.hits.Add(1)
	return b, true
}

// SetBytes keeps bytes under key for the strategy's time.
func (c *Cache) SetBytes(ctx context.Context, s Strategy, key string, value []byte) {
	if c == nil || c.resting() {
		return
	}
	if err := c.redis.Set(ctx, fullKey(s, key), value, s.orContent().TTL).Err(); err != nil {
		c.failed(ctx, "Cache set error:", err)
	}
}

// Drop forgets keys of a strategy, and reports whether none is left.
func (c *Cache) Drop(ctx context.Context, s Strategy, keys ...string) bool {
	if c == nil || len(keys) == 0 {
		return true
	}
	full := make([]string, len(keys))
	for i, k := range keys {
		full[i] = fullKey(s, k)
	}
	if err := c.redis.Del(ctx, full...).Err(); err != nil {
		c.failed(ctx, "Cache drop error:", err)
		return false
	}
	return true
}

// Get returns the value kept under key. A value that cannot be read is a
// miss.
func Get[V any](ctx context.Context, c *Cache, s Strategy, key string) (V, bool) {
	var v V
	b, ok := c.Bytes(ctx, s, key)
	if !ok {
		return v, false
	}
	if err := json.Unmarshal(b, &v); err != nil {
		c.log.WarnContext(ctx, "Cache get error:", "err", err)
		var zero V
		return zero, false
	}
	return v, true
}

// Set keeps a value under key as JSON.
func Set[V any](ctx context.Context, c *Cache, s Strategy, key string, value V) {
	if c == nil {
		return
	}
	b, err := json.Marshal(value)
	if err != nil {
		c.log.WarnContext(ctx, "Cache set error:", "err", err)
		return
	}
	c.SetBytes(ctx, s, key, b)
}

// Load returns the value kept under key, or what fn returns, which is then
// kept. An error of fn is not kept.
func Load[V any](ctx context.Context, c *Cache, s Strategy, key string, fn func(context.Context) (V, error)) (V, error) {
	if v, ok := Get[V](ctx, c, s, key); ok {
		return v, nil
	}
	v, err := fn(ctx)
	if err == nil {
		Set(ctx, c, s, key, v)
	}
	return v, err
}

func (c *Cache) resting() bool {
	return time.Now().UnixNano() < c.restUntil.Load()
}

func (c *Cache) failed(ctx context.Context, what string, err error) {
	if ctx.Err() == nil { // else it is the caller who left, not Redis
		c.restUntil.Store(time.Now().Add(pause).UnixNano())
	}
	c.log.WarnContext(ctx, what, "err", err)
}
