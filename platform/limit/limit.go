// Package limit bounds how often something is asked for. Redis counts for all
// processes together. While it is away each process counts alone and allows
// less, so that an outage opens nothing.
package limit

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/web"
)

const (
	pause    = time.Second // Redis is left alone after it did not answer, so that not every request waits for it
	stricter = 4           // without Redis a process allows this part of a rate
)

// Limiter counts the requests of one process, with those of all others.
type Limiter struct {
	shared  *redis_rate.Limiter // nil where the process has no Redis
	own     *own                // what is allowed without Redis
	alone   *own                // limits that no other process counts
	proxies int
	log     *slog.Logger
	now     func() time.Time
	away    atomic.Int64 // until then Redis is not asked
}

// New returns the limiter of a process. proxies is the number of proxies in
// front of it that can be trusted to append to X-Forwarded-For. client may be
// nil; it must be one that neither retries, which would count twice, nor waits
// long.
func New(client redis.UniversalClient, proxies int, log *slog.Logger, now func() time.Time) *Limiter {
	l := &Limiter{own: newOwn(), alone: newOwn(), proxies: proxies, log: log, now: now}
	if client != nil {
		l.shared = redis_rate.NewLimiter(client)
	}
	return l
}

// Take counts a request of a reader, who may be "", and returns zero when it
// may go on, else how long to wait. Whoever is over a bound of their own uses
// up nothing of what is for all.
func (l *Limiter) Take(r *http.Request, limit web.Limit, reader string) (wait time.Duration) {
	// Who leaves early is counted all the same.
	ctx := context.WithoutCancel(r.Context())
	count := func(key string, rate web.Rate) time.Duration {
		switch {
		case rate.N == 0:
			return 0
		case limit.Alone:
			return l.alone.take(limit.Name+key, rate, l.now())
		default:
			return l.together(ctx, limit.Name+key, rate)
		}
	}
	if reader != "" {
		wait = count(":reader:"+reader, limit.Reader)
	}
	if wait == 0 {
		wait = count(":address:"+Address(r, l.proxies), limit.Address)
	}
	if wait == 0 {
		wait = count(":all", limit.Total)
	}
	return wait
}

// together counts for one key with all processes. The process's own count goes
// on while Redis answers, so that an outage begins with what was allowed before
// it.
func (l *Limiter) together(ctx context.Context, key string, rate web.Rate) time.Duration {
	alone := l.own.take(key, web.Rate{N: max(1, rate.N/stricter), Per: rate.Per}, l.now())
	if l.shared == nil || l.now().UnixNano() < l.away.Load() {
		return alone
	}
	got, err := l.shared.Allow(ctx, key, redis_rate.Limit{Rate: rate.N, Burst: rate.N, Period: rate.Per})
	if err != nil {
		l.away.Store(l.now().Add(pause).UnixNano())
		l.log.WarnContext(ctx, "limits are counted by this process alone", "err", err)
		return alone
	}
	if got.Allowed > 0 {
		return 0
	}
	return max(got.RetryAfter, time.Millisecond)
}
