package queue_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// wearOut makes a job wait for a day and more.
func wearOut(t *testing.T, p *platform.Platform, id uuid.UUID) {
	t.Helper()
	if _, err := p.DB.Exec(t.Context(), `UPDATE outbox SET run_at = now() - interval '25 hours' WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
}

// A kind that no worker knows waits for one that does, and is dead when none
// has come for a day.
func TestUnknownKindIsKept(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id, known := add(t, p, stranger{}), add(t, p, count{"a"})
	work(t, p, func(context.Context, count) error { return nil })
	wait(t, p, known, queue.Done)
	wait(t, p, add(t, p, count{"b"}), queue.Done)
	if s := wait(t, p, id, queue.Waiting, queue.Dead); s.State != queue.Waiting {
		t.Errorf("got %+v, want it waiting", s)
	}
	wearOut(t, p, id)
	if s := wait(t, p, id, queue.Dead); s.Error != "Unknown job type: stranger" {
		t.Errorf("got %+v", s)
	}
}

// During a deploy old and new workers share the queues. What only the new ones
// know is done by them, whoever finds it in Redis.
func TestNewerKind(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	work(t, p, func(context.Context, count) error { return nil })
	newer := queue.NewMux(lane)
	queue.Handle(newer, func(context.Context, stranger) error { return nil })
	run(t, options(p), newer)
	var ids []uuid.UUID
	for range 20 {
		ids = append(ids, add(t, p, stranger{}), add(t, p, count{"a"}))
	}
	for _, id := range ids {
		wait(t, p, id, queue.Done, queue.Dead)
	}
	if n := ask[int](t, p, `SELECT count(*) FROM outbox WHERE state = 'done' AND failures = 0 AND losses = 0`); n != len(ids) {
		t.Errorf("%d of %d jobs are done without a failure", n, len(ids))
	}
}
