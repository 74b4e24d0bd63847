package queue

import (
	"context"
	"errors"
	"time"
)

// The bounds of Unready.
const (
	stillFor = 15 * time.Second // after the last pass of the relay
	lateFor  = time.Minute      // after a job could run
)

// Unready returns why w cannot be relied on to run a job that is added now,
// "" if it can. It names no server, as anybody may ask.
func (w *Worker) Unready(ctx context.Context) string {
	_, err := Fits(ctx, w.o.Redis)
	_, unfit := errors.AsType[Unfit](err)
	passed := w.relay.passed.Load()
	switch {
	case unfit:
		return "Redis throws jobs away when its memory is full: its maxmemory-policy must be " + keepsAll
	case err != nil:
		return "Redis does not answer"
	case passed == nil || time.Since(*passed) > stillFor:
		return "the relay of jobs stands still"
	}
	return w.late(ctx)
}

// late tells of jobs that this worker knows and that could run for too long, be
// it that nobody has taken them or that nobody has them any more.
func (w *Worker) late(ctx context.Context) string {
	var late bool
	err := w.o.Pool.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM outbox
			WHERE (state = 'waiting' AND run_at < now() - $1::interval
			       OR state IN ('queued', 'running') AND lease_until < now() - $1::interval)
			  AND kind = ANY($2))`, lateFor, w.mux.kinds()).Scan(&late)
	switch {
	case err != nil:
		return "the database does not tell of jobs"
	case late:
		return "jobs that could run have waited for a minute"
	}
	return ""
}
