package queue_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

var broad = queue.Queue{Name: "broad", Concurrency: 3, Unknown: "Unknown job type: %s"}

// hold keeps a connection of the pool for longer than a claim lasts.
type hold struct{}

func (hold) Job() queue.Spec {
	return queue.Spec{Kind: "hold", Queue: broad, Timeout: time.Minute, Failures: 3}
}

// Jobs whose transactions hold every connection of their worker stay its own,
// though another worker looks for lost ones all the time.
func TestNoConnectionLeft(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.DatabaseMaxConns = 3
	busy, idle := platformtest.Open(t, cfg), platformtest.Open(t, cfg)
	var runs atomic.Int32
	mux := queue.NewMux(broad)
	queue.Handle(mux, func(ctx context.Context, _ hold) error {
		runs.Add(1)
		return db.Tx(ctx, busy.DB, func(tx pgx.Tx) error {
			for range 4 { // a statement may take five seconds
				if _, err := tx.Exec(ctx, `SELECT pg_sleep(3.5)`); err != nil {
					return err
				}
			}
			return queue.Finish(ctx, tx, nil)
		})
	})
	run(t, options(busy), mux)
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, add(t, idle, hold{}))
	}
	for runs.Load() < 3 {
		time.Sleep(10 * time.Millisecond)
	}
	run(t, options(idle), mux)
	for _, id := range ids {
		wait(t, idle, id, queue.Done, queue.Dead)
	}
	if n := ask[int](t, idle, `SELECT coalesce(sum(losses + attempt), 0) FROM outbox WHERE state = 'done'`); runs.Load() != 3 || n != 3 {
		t.Errorf("%d runs, attempts and losses %d; want three jobs done at their first attempt", runs.Load(), n)
	}
}

// A job whose claim was given to another worker is told to stop.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id := add(t, p, count{"a"})
	var runs atomic.Int32
	stopped := make(chan struct{})
	work(t, p, func(ctx context.Context, _ count) error {
		if runs.Add(1) > 1 {
			<-stopped
			return nil
		}
		defer close(stopped)
		if _, err := p.DB.Exec(ctx, `UPDATE outbox SET state = 'waiting', attempt = attempt + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if s := wait(t, p, id, queue.Done, queue.Dead); s.State != queue.Done || runs.Load() != 2 {
		t.Errorf("%d runs, %+v; want the second one done", runs.Load(), s)
	}
}
