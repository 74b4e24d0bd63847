package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel/attribute"

	"pilothandbook/platform/fault"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/tracing"
)

// carry does one attempt of one row. A failure that was recorded is no error
// to asynq: PostgreSQL owns the next attempt. A kind that a newer worker has
// queued is left to that one.
func (w *Worker) carry(work context.Context, t *asynq.Task) error {
	var tk ticket
	if err := json.Unmarshal(t.Payload(), &tk); err != nil {
		return fmt.Errorf("ticket %q: %v: %w", t.Payload(), err, asynq.SkipRetry)
	}
	j, known := w.mux.jobs[t.Type()]
	if !known {
		return yield(work, w.o.Pool, tk, Queued)
	}
	c, err := take(work, w.o.Pool, tk.Row, tk.Attempt)
	if err != nil || c == nil {
		return err
	}
	defer w.room()
	work, span := w.follow(work, c)
	ctx, cancel := context.WithTimeout(context.WithValue(work, claimKey{}, c), j.spec.Timeout)
	defer cancel()
	c.cancel = cancel
	defer w.keeper.keep(c)()
	began := time.Now()
	err = c.try(ctx, j)
	span.End(err != nil)
	return w.record(work, c, j, time.Since(began), err)
}

// follow has all that a job does, the jobs that it adds too, be known as done
// for its request.
func (w *Worker) follow(work context.Context, c *claim) (context.Context, *tracing.Span) {
	work, span := w.o.Tracer.Job(work, c.kind, c.why.Trace)
	if span.Recording() {
		span.Name("job "+c.kind, attribute.String("handbook.request", c.why.Request), attribute.Int("handbook.attempt", c.attempt))
		c.why.Trace = tracing.Parent(work)
	}
	return origin.With(work, c.why), span
}

// How attempts end, for metrics; those that failed for good are Dead.
const (
	outcomeDone   = "done"
	outcomeLost   = "lost"
	outcomeGiven  = "given back"
	outcomeFailed = "failed"
	outcomeDead   = "dead"
)

// record writes down how an attempt ended, though the worker may be stopping.
func (w *Worker) record(work context.Context, c *claim, j job, took time.Duration, cause error) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), lease)
	defer cancel()
	about := []slog.Attr{slog.Any("job", c.id), slog.String("kind", c.kind), slog.Int("attempt", c.attempt), slog.Int64("ms", took.Milliseconds())}
	say := func(level slog.Level, msg string, more ...slog.Attr) {
		w.o.Log.LogAttrs(ctx, level, msg, append(about, more...)...)
	}
	outcome := outcomeDone
	switch {
	case cause == nil:
		say(slog.LevelInfo, "job done")
	case errors.Is(cause, ErrLost):
		outcome = outcomeLost
		say(slog.LevelWarn, "job taken over by another worker")
	case work.Err() != nil:
		outcome = outcomeGiven
		say(slog.LevelInfo, "job given back", slog.Any("err", cause))
		err = c.giveBack(ctx)
	default:
		outcome, err = w.failed(ctx, c, j, cause, about)
	}
	w.o.Monitor.Job(c.kind, outcome, took)
	return err
}

// failed records a failure. Somebody is told of one that no other attempt
// follows, and of a panic.
func (w *Worker) failed(ctx context.Context, c *claim, j job, cause error, about []slog.Attr) (outcome string, err error) {
	state, err := c.fail(ctx, cause, j.limit(cause))
	_, panicked := errors.AsType[*fault.Panic](cause)
	if state == Dead || panicked {
		w.o.Monitor.Error(ctx, monitor.Incident{Err: cause, Source: monitor.Work, Where: c.kind, Attrs: append(about, slog.String("state", string(state)))})
	} else {
		w.o.Log.LogAttrs(ctx, slog.LevelWarn, "job failed", append(about, slog.Any("err", cause))...)
	}
	if state == Dead {
		return outcomeDead, err
	}
	return outcomeFailed, err
}

// limit returns after how many failures the job is dead.
func (j job) limit(err error) int {
	if _, ok := errors.AsType[permanent](err); ok {
		return 0
	}
	return j.spec.Failures
}

// try runs the job, and marks it done if the job did not do so itself.
func (c *claim) try(ctx context.Context, j job) error {
	err := protect(func() error { return j.run(ctx, c.payload) })
	if c.lost.Load() && !c.done { // one that is done has no lease to renew either
		return ErrLost
	}
	if err != nil || c.done {
		return err
	}
	return insist(ctx, func() error { return c.finish(ctx, c.pool, nil) })
}

// protect turns a panic of a job into its failure.
func protect(run func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Caught(r)
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
