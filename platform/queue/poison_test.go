package queue_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// poison fails whenever it is tried.
type poison struct {
	N int `json:"n"`
}

func (poison) Job() queue.Spec {
	return queue.Spec{Kind: "poison", Queue: lane, Timeout: 30 * time.Second, Failures: 3}
}

// One job of ten is poison. It waits longer each time, is dead in the end and
// tells of what; the others are done once each, and none after it.
func TestPoison(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var good atomic.Int32
	var mu sync.Mutex
	tries := map[int][]time.Time{}
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(context.Context, count) error { good.Add(1); return nil })
	queue.Handle(mux, func(_ context.Context, a poison) error {
		mu.Lock()
		defer mu.Unlock()
		tries[a.N] = append(tries[a.N], time.Now())
		return errors.New("poison\x00")
	})
	var bad, others []uuid.UUID
	for i := range 100 {
		if i%10 == 0 {
			bad = append(bad, add(t, p, poison{i}))
		} else {
			others = append(others, add(t, p, count{"a"}))
		}
	}
	run(t, options(p), mux)
	for _, id := range others {
		wait(t, p, id, queue.Done)
	}
	for _, id := range bad {
		if s := wait(t, p, id, queue.Dead); s.Error != "poison\uFFFD" {
			t.Errorf("dead of %q", s.Error)
		}
	}
	if good.Load() != 90 {
		t.Errorf("the others ran %d times, want 90", good.Load())
	}
	for n, at := range tries {
		if len(at) != 3 || at[1].Sub(at[0]) < time.Second || at[2].Sub(at[1]) < 3*time.Second {
			t.Errorf("poison %d was tried at %v, want three times, after one second and three", n, at)
		}
	}
	if late := ask[int](t, p, `
		SELECT count(*) FROM outbox
		WHERE state = 'done' AND finished_at > (SELECT max(finished_at) FROM outbox WHERE state = 'dead')`); late > 0 {
		t.Errorf("%d others had to wait for the poison", late)
	}
}

// A job over which one worker after another dies is taken over at once at
// first, then later and later, and is dead in the end.
func TestDeadlyJob(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	type row struct {
		losses int
		state  string // before: running with a lease that is over, or queued
		want   queue.State
		waits  bool // its next try is later
	}
	rows := map[uuid.UUID]row{}
	for _, r := range []row{
		{0, "running", queue.Done, false},
		{2, "running", queue.Done, false},
		{8, "running", queue.Waiting, true},
		{19, "running", queue.Dead, false},
		{19, "queued", queue.Done, false}, // what Redis loses is nobody's death
	} {
		id := add(t, p, count{"a"})
		rows[id] = r
		if _, err := p.DB.Exec(t.Context(), `
			UPDATE outbox SET state = $2, losses = $3, lease_until = now() - interval '1 second' WHERE id = $1`, id, r.state, r.losses); err != nil {
			t.Fatal(err)
		}
	}
	work(t, p, func(context.Context, count) error { return nil })
	for id, r := range rows {
		s := wait(t, p, id, r.want)
		if later := ask[bool](t, p, `SELECT state = 'waiting' AND run_at > now() FROM outbox WHERE id = $1`, id); later != r.waits {
			t.Errorf("%+v: its next try is later: %v", r, later)
		}
		if r.want == queue.Dead && !strings.Contains(s.Error, "20 workers in a row died") {
			t.Errorf("dead of %q", s.Error)
		}
	}
}
