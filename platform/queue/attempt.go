package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/hibiken/asynq"
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
	ctx, cancel := context.WithTimeout(context.WithValue(work, claimKey{}, c), j.spec.Timeout)
	defer cancel()
	c.cancel = cancel
	defer w.keeper.keep(c)()
	began := time.Now()
	err = c.try(ctx, j)
	log := w.o.Log.With("job", c.id, "kind", c.kind, "attempt", c.attempt, "ms", time.Since(began).Milliseconds())
	return w.record(work, log, c, j, err)
}

// record writes down how an attempt ended, though the worker may be stopping.
func (w *Worker) record(work context.Context, log *slog.Logger, c *claim, j job, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), lease)
	defer cancel()
	switch {
	case cause == nil:
		log.InfoContext(ctx, "job done")
		return nil
	case errors.Is(cause, ErrLost):
		log.WarnContext(ctx, "job taken over by another worker")
		return nil
	case work.Err() != nil:
		log.InfoContext(ctx, "job given back", "err", cause)
		return c.giveBack(ctx)
	}
	state, err := c.fail(ctx, cause, j.limit(cause))
	if state == Dead {
		log.ErrorContext(ctx, "job is dead", "err", cause)
	} else {
		log.WarnContext(ctx, "job failed", "err", cause)
	}
	return err
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
