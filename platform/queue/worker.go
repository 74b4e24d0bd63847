package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/db"
)

// shutdownTimeout is how long running jobs may go on after a stop.
const shutdownTimeout = 20 * time.Second

// strangers is how often a kind that this program does not know is tried: a
// newer program may know it, and be on its way.
const strangers = 8

// job is a registered kind.
type job struct {
	spec Spec
	run  func(ctx context.Context, payload []byte) error
}

// Mux knows the kinds of job and who does them.
type Mux struct {
	jobs   map[string]job
	queues []Queue
}

// NewMux returns a Mux for queues, without jobs.
func NewMux(queues ...Queue) *Mux {
	return &Mux{jobs: map[string]job{}, queues: queues}
}

// Kinds returns the specs of all registered jobs.
func (m *Mux) Kinds() []Spec {
	var specs []Spec
	for _, j := range m.jobs {
		specs = append(specs, j.spec)
	}
	return specs
}

// Handle has jobs with payload A done by fn. It may run twice: effects are
// keyed, or made in a transaction that calls Finish.
func Handle[A Args](m *Mux, fn func(context.Context, A) error) {
	var zero A
	spec := zero.Job()
	m.jobs[spec.Kind] = job{spec: spec, run: func(ctx context.Context, payload []byte) error {
		var a A
		if err := json.Unmarshal(payload, &a); err != nil {
			return Permanent(fmt.Errorf("payload of %s: %w", spec.Kind, err))
		}
		return fn(ctx, a)
	}}
}

// Permanent marks an error that no retry can heal: the job is dead at once.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ err error }

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }

// Options are what a Worker needs.
type Options struct {
	Pool    *db.Pool
	Redis   redis.UniversalClient
	Channel string // where Wake publishes
	Log     *slog.Logger
}

// Worker runs jobs.
type Worker struct {
	o     Options
	mux   *Mux
	relay *relay
}

// NewWorker returns a worker for the jobs of mux.
func NewWorker(o Options, mux *Mux) *Worker {
	return &Worker{o: o, mux: mux, relay: &relay{
		pool: o.Pool, client: asynq.NewClientFromRedisClient(o.Redis), queues: mux.queues, log: o.Log, nudge: make(chan struct{}, 1),
	}}
}

// Run relays and works until ctx ends, then waits for running jobs, 20 s at
// most. It survives PostgreSQL and Redis being away.
func (w *Worker) Run(ctx context.Context) error {
	work, interrupt := context.WithCancel(context.WithoutCancel(ctx))
	defer interrupt()
	servers, err := w.start(ctx, work)
	if err != nil {
		return err
	}
	sub := w.o.Redis.Subscribe(ctx, w.o.Channel)
	defer sub.Close()
	w.relay.run(ctx, sub.Channel())
	// Just before asynq gives up waiting, jobs are told to stop, so that they
	// are given back instead of found by the sweep.
	defer time.AfterFunc(shutdownTimeout-2*time.Second, interrupt).Stop()
	var all sync.WaitGroup
	for _, s := range servers {
		all.Go(s.Shutdown)
	}
	all.Wait()
	return nil
}

// start begins one asynq server per queue, as each has its own number of
// jobs at once. It tries again while Redis is away.
func (w *Worker) start(ctx, work context.Context) ([]*asynq.Server, error) {
	var servers []*asynq.Server
	for _, q := range w.mux.queues {
		for {
			s := asynq.NewServerFromRedisClient(w.o.Redis, asynq.Config{
				Concurrency: q.Concurrency, Queues: map[string]int{q.Name: 1},
				TaskCheckInterval: 200 * time.Millisecond, DelayedTaskCheckInterval: time.Second,
				BaseContext:     func() context.Context { return work },
				ShutdownTimeout: shutdownTimeout, Logger: asynqLog{w.o.Log}, LogLevel: asynq.WarnLevel,
				RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Second },
			})
			err := s.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error { return w.carry(work, q, t) }))
			if err == nil {
				servers = append(servers, s)
				break
			}
			w.o.Log.WarnContext(ctx, "waiting for Redis", "err", err)
			pauseFor(ctx, time.Second)
			if ctx.Err() != nil {
				return servers, ctx.Err()
			}
		}
	}
	return servers, nil
}

// carry does one attempt of one row. A failure that was recorded is no error
// to asynq: PostgreSQL owns the next attempt. The work ends with work, not
// with asynq's own lease, which Redis takes along when it goes away.
func (w *Worker) carry(work context.Context, q Queue, t *asynq.Task) error {
	var tk ticket
	if err := json.Unmarshal(t.Payload(), &tk); err != nil {
		return fmt.Errorf("ticket %q: %v: %w", t.Payload(), err, asynq.SkipRetry)
	}
	c, err := take(work, w.o.Pool, tk.Row, tk.Attempt)
	if err != nil || c == nil {
		return err
	}
	defer w.room()
	j, known := w.mux.jobs[c.kind]
	if !known {
		return c.fail(work, fmt.Errorf(q.Unknown, c.kind), strangers)
	}
	began := time.Now()
	err = w.attempt(work, c, j)
	log := w.o.Log.With("job", c.id, "kind", c.kind, "attempt", c.attempt, "ms", time.Since(began).Milliseconds())
	record, cancel := context.WithTimeout(context.WithoutCancel(work), lease)
	defer cancel()
	switch {
	case errors.Is(err, ErrLost):
		log.WarnContext(work, "job taken over by another worker")
		return nil
	case err != nil && work.Err() != nil:
		return c.giveBack(record)
	case err != nil:
		log.ErrorContext(work, "job failed", "err", err)
		return c.fail(record, err, j.limit(err))
	}
	log.InfoContext(work, "job done")
	return nil
}

// limit returns after how many failures the job is dead.
func (j job) limit(err error) int {
	if _, ok := errors.AsType[permanent](err); ok {
		return 0
	}
	return j.spec.Failures
}

// attempt runs the job under its lease, and marks it done if the job did not
// do so itself.
func (w *Worker) attempt(ctx context.Context, c *claim, j job) (err error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, claimKey{}, c), j.spec.Timeout)
	defer cancel()
	lost := false
	var keeper sync.WaitGroup
	keeping, stopKeeping := context.WithCancel(ctx)
	keeper.Go(func() { c.keep(keeping, func() { lost = true; cancel() }) })
	err = protect(func() error { return j.run(ctx, c.payload) })
	stopKeeping()
	keeper.Wait()
	if lost {
		return ErrLost
	}
	if err != nil || c.done {
		return err
	}
	return c.finish(ctx, c.pool, nil)
}

// protect turns a panic of a job into its failure.
func protect(run func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return run()
}

// room tells the relay that there is room in a queue.
func (w *Worker) room() {
	select {
	case w.relay.nudge <- struct{}{}:
	default:
	}
}

// asynqLog sends asynq's own messages to our log.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug("asynq", "msg", fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Info("asynq", "msg", fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn("asynq", "msg", fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Error("asynq", "msg", fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error("asynq", "msg", fmt.Sprint(args...)) }
