package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/db"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/tracing"
)

// The bounds of a stop, from when a worker is told.
const (
	jobsTime  = 18 * time.Second // then jobs are told to stop, and given back instead of found by the sweep
	asynqTime = 19 * time.Second // then asynq waits for none any more
	stopTime  = 20 * time.Second // then the worker ends, whatever Redis does
)

// Options are what a Worker needs.
type Options struct {
	Pool      *db.Pool
	Redis     redis.UniversalClient
	Channel   string     // where Wake publishes
	Schedules []Schedule // led by whichever worker comes first
	Monitor   *monitor.Monitor
	Tracer    *tracing.Tracer // nil where nothing is traced
	Log       *slog.Logger
}

// Worker runs jobs.
type Worker struct {
	o      Options
	mux    *Mux
	relay  *relay
	keeper *keeper
	own    *db.Pool // one connection, for what must not wait for jobs
}

// NewWorker returns a worker for the jobs of mux. It takes one connection
// more than the pool has.
func NewWorker(o Options, mux *Mux) *Worker {
	own := o.Pool.Apart()
	return &Worker{o: o, mux: mux, own: own, keeper: &keeper{pool: own, log: o.Log, claims: map[*claim]bool{}}, relay: &relay{
		pool: own, redis: o.Redis, client: asynq.NewClientFromRedisClient(o.Redis), shown: asynq.NewInspectorFromRedisClient(o.Redis), mux: mux, log: o.Log, nudge: make(chan struct{}, 1),
	}}
}

// Run relays and works until ctx ends, then waits for running jobs, 20 s at
// most. It survives PostgreSQL and Redis being away, and refuses a Redis that
// is not fit.
func (w *Worker) Run(ctx context.Context) error {
	defer w.own.Close(time.Second)
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(stopTime): // asynq waits for each of its commands to Redis, one after the other
		w.o.Log.WarnContext(ctx, "the worker ends though Redis, or a job, does not answer")
		return nil
	}
}

func (w *Worker) run(ctx context.Context) error {
	if err := Fit(ctx, w.o.Redis, w.o.Log); err != nil {
		return err
	}
	work, interrupt := context.WithCancel(context.WithoutCancel(ctx))
	defer interrupt()
	defer w.keep(work)()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(jobsTime, interrupt) })()
	client := apart(w.o.Redis)
	defer client.Close()
	var servers []*asynq.Server
	for _, q := range w.mux.queues {
		if s := w.serve(ctx, work, client, q); s != nil {
			servers = append(servers, s)
		}
	}
	sub := w.o.Redis.Subscribe(ctx, w.o.Channel)
	defer sub.Close()
	var all sync.WaitGroup
	all.Go(func() { w.schedule(ctx) })
	all.Go(func() { w.relay.run(ctx, sub.Channel()) })
	<-ctx.Done()
	for _, s := range servers {
		all.Go(s.Shutdown)
	}
	all.Wait()
	return nil
}

// apart returns another client to the same server. asynq has one of its own, as
// it panics when one is closed under it: that happens when a process ends whose
// Redis hangs.
func apart(r redis.UniversalClient) redis.UniversalClient {
	o := *r.(*redis.Client).Options() // all of ours are that
	return redis.NewClient(&o)
}

// keep renews the claims on jobs until the last of them has ended.
func (w *Worker) keep(work context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(work))
	var keeping sync.WaitGroup
	keeping.Go(func() { w.keeper.run(ctx) })
	return func() {
		cancel()
		keeping.Wait()
	}
}

// serve starts an asynq server of a queue's own, as each has its own number
// of jobs at once. It tries again while Redis is away, and returns nil when
// ctx ends first.
//
// A job's context is work and not asynq's, which ends when Redis has been
// away for a while: a claim is PostgreSQL's.
func (w *Worker) serve(ctx, work context.Context, client redis.UniversalClient, q Queue) *asynq.Server {
	for ; ctx.Err() == nil; pauseFor(ctx, time.Second) {
		s := asynq.NewServerFromRedisClient(client, asynq.Config{
			Concurrency: q.Concurrency, Queues: map[string]int{q.Name: 1},
			TaskCheckInterval: 200 * time.Millisecond, DelayedTaskCheckInterval: time.Second,
			ShutdownTimeout: asynqTime, Logger: asynqLog{w.o.Log}, LogLevel: asynq.WarnLevel,
			RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Second },
		})
		err := s.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error { return w.carry(work, t) }))
		if err == nil {
			return s
		}
		w.o.Log.WarnContext(ctx, "waiting for Redis", "err", err)
	}
	return nil
}

// asynqLog sends asynq's own messages to our log.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug("asynq", "text", fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Info("asynq", "text", fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn("asynq", "text", fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Error("asynq", "text", fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error("asynq", "text", fmt.Sprint(args...)) }
