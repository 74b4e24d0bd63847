// Package platform is the plumbing that every function and job stands on. It
// knows no aviation.
package platform

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/limit"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/stripeapi"
	"pilothandbook/platform/tracing"
)

// Platform is what a process has. Fields are set once, by Open.
type Platform struct {
	Config   *config.Config
	DB       *db.Pool
	Redis    redis.UniversalClient // of the queue; nil where the process has none
	Cache    *cache.Cache          // nil where the process has none: every look-up is a miss
	Memory   *cache.Memory
	Limit    *limit.Limiter
	Stripe   *stripeapi.API
	Monitor  *monitor.Monitor
	Tracer   *tracing.Tracer // nil where nothing is traced
	Draining atomic.Bool     // a stop is under way: readiness says no
	Notice   string          // shown on every page; tells that a start is local
	Log      *slog.Logger
	Now      func() time.Time

	quick redis.UniversalClient
	hooks sync.Mutex
	ready []func(context.Context) string
	write []func() // what Flush does
	last  []func() // what Close does when all is written
}

// memoryMax bounds the process's own cache, in bytes as its users count them.
const memoryMax = 16 << 20

// statementTimeout ends a statement of a request before the request ends.
var statementTimeout = map[config.Service]time.Duration{
	config.Web: 5 * time.Second, config.Lambda: 5 * time.Second, config.Worker: time.Minute,
}

// Open makes a Platform without connecting to anything: a process starts
// while PostgreSQL or Redis is away, and says so.
func Open(cfg *config.Config, s config.Service, log *slog.Logger) (*Platform, error) {
	conns := cfg.DatabaseMaxConns
	if s == config.Worker {
		conns-- // its queue takes one for itself
	}
	traced := cfg.OTLPEndpoint != "" && (s == config.Web || s == config.Worker)
	pool, err := db.Open(db.Options{
		URL: cfg.DatabaseURL.Reveal(), Application: s.Application(), MaxConns: conns,
		StatementTimeout: statementTimeout[s], LogQueries: !cfg.Production(), Trace: traced, Log: log,
	})
	if err != nil {
		return nil, err
	}
	p := &Platform{Config: cfg, DB: pool, Log: log, Now: time.Now, Stripe: stripeClient(cfg)}
	if traced {
		p.Tracer = tracing.New(cfg.TraceShare)
	}
	p.Memory = cache.NewMemory(memoryMax, p.Now)
	if cfg.RedisURL != "" {
		if err := p.openRedis(); err != nil {
			return nil, err
		}
	}
	p.Monitor = monitor.New(monitor.Options{Version: Version(), Pool: pool, Cache: p.Cache, Memory: p.Memory, Log: log, Now: p.Now})
	p.Limit = limit.New(p.quick, cfg.TrustedProxies, log, p.Now)
	pool.OnCommit(p.announce)
	return p, nil
}

func (p *Platform) openRedis() error {
	patient, err1 := cache.Patient(p.Config.RedisURL.Reveal(), p.Config.RedisIPFamily)
	quick, err2 := cache.Quick(p.Config.RedisCacheURL.Reveal(), p.Config.RedisIPFamily)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if p.Tracer != nil { // keys name readers: never statements
		if err := redisotel.InstrumentTracing(quick, redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false), redisotel.WithDialFilter(true)); err != nil {
			return err
		}
	}
	p.Redis, p.quick = patient, quick
	p.Cache = cache.New(quick, p.Log)
	return nil
}

// WakeChannel is where relays listen for new jobs.
const WakeChannel = "outbox:wake"

// announce passes on what a committed transaction announced.
func (p *Platform) announce(topic string) {
	if topic != queue.Topic || p.quick == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = queue.Wake(ctx, p.quick, WakeChannel) // the relay looks for itself every second
	}()
}

// The bounds of Close. With the 20 s that requests and jobs are given before it
// they are less than the 30 s after which a process is killed (drainingSeconds).
const (
	flushTime = 5 * time.Second
	closeTime = 3 * time.Second // of all that is closed, at once
)

// Close writes what is held in memory and gives back what Open took. It waits
// no longer than its bounds, whatever hangs.
func (p *Platform) Close() {
	within(flushTime, p.Flush)
	within(closeTime, func() {
		var all sync.WaitGroup
		all.Go(func() { p.DB.Close(closeTime) })
		all.Go(func() { p.call(&p.last) })
		if p.Redis != nil {
			all.Go(func() { _, _ = p.Redis.Close(), p.quick.Close() })
		}
		all.Wait()
	})
	FlushLog(p.Log)
}

// within waits for fn, d at most.
func within(d time.Duration, fn func()) {
	done := make(chan struct{})
	go func() { fn(); close(done) }()
	select {
	case <-done:
	case <-time.After(d):
	}
}

// OnClose has fn called when the process ends, beside others.
func (p *Platform) OnClose(fn func()) { p.hook(&p.last, fn) }

// OnFlush has fn called by Flush: it writes what it holds in memory.
func (p *Platform) OnFlush(fn func()) { p.hook(&p.write, fn) }

// Flush has everything written that is held in memory to be written together
// with more. A process does so before it ends, and one that may be frozen
// after an answer before each of them.
func (p *Platform) Flush() { p.call(&p.write) }

// OnReady has why asked for what this process needs to be ready beside what
// all need: it returns what is missing, "" where nothing is.
func (p *Platform) OnReady(why func(context.Context) string) {
	p.hooks.Lock()
	defer p.hooks.Unlock()
	p.ready = append(p.ready, why)
}

// Unready returns the first of what those given to OnReady miss.
func (p *Platform) Unready(ctx context.Context) string {
	p.hooks.Lock()
	all := slices.Clone(p.ready)
	p.hooks.Unlock()
	for _, why := range all {
		if missing := why(ctx); missing != "" {
			return missing
		}
	}
	return ""
}

func (p *Platform) hook(list *[]func(), fn func()) {
	p.hooks.Lock()
	defer p.hooks.Unlock()
	*list = append(*list, fn)
}

func (p *Platform) call(list *[]func()) {
	p.hooks.Lock()
	all := slices.Clone(*list)
	p.hooks.Unlock()
	var done sync.WaitGroup
	for _, fn := range all {
		done.Go(fn)
	}
	done.Wait()
}

// stripeClient returns Stripe's client, at another address if one is set. Its
// own retries are on: every create carries an idempotency key.
func stripeClient(cfg *config.Config) *stripeapi.API {
	b := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Timeout: 20 * time.Second},
		MaxNetworkRetries: stripe.Int64(2),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if cfg.StripeAPIBase != "" {
		b.URL = stripe.String(cfg.StripeAPIBase)
	}
	api := stripe.GetBackendWithConfig(stripe.APIBackend, b)
	return stripeapi.New(cfg.StripeSecretKey.Reveal(), api)
}

// build is set by the linker: -X pilothandbook/platform.build=<commit>.
var build string

// Version returns the commit or release of this program, or "unknown".
func Version() string {
	if build != "" {
		return build
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
