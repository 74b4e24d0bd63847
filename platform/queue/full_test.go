package queue_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// A Redis without room takes no jobs. They wait in PostgreSQL, whatever was
// running is finished there, and all are done, once each, when there is room.
func TestFullRedis(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	redis := platformtest.StartRedis(t, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
	cfg.RedisURL = config.Secret("redis://" + redis.Address)
	p := platformtest.Open(t, cfg)
	var runs atomic.Int32
	started, full := make(chan struct{}), make(chan struct{})
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(context.Context, count) error { runs.Add(1); return nil })
	queue.Handle(mux, func(context.Context, long) error { close(started); <-full; return nil })
	running := add(t, p, long{})
	run(t, options(p), mux)
	<-started

	empty := redis.Fill(t)
	close(full)
	wait(t, p, running, queue.Done)
	var added []uuid.UUID
	for range 20 {
		added = append(added, add(t, p, count{"a"}))
	}
	for deadline := time.Now().Add(30 * time.Second); ask[int](t, p, `SELECT count(*) FROM outbox WHERE attempt > 1 AND state = 'waiting'`) < len(added); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody has tried to hand them to Redis")
		}
	}
	if n := runs.Load(); n != 0 {
		t.Fatalf("%d jobs have run without Redis", n)
	}

	empty()
	for _, id := range added {
		if s := wait(t, p, id, queue.Done, queue.Dead); s.State != queue.Done {
			t.Errorf("%+v", s)
		}
	}
	if n := runs.Load(); n != int32(len(added)) {
		t.Errorf("%d runs of %d jobs", n, len(added))
	}
	if n := ask[int](t, p, `SELECT sum(failures + losses) FROM outbox`); n != 0 {
		t.Errorf("%d failures are counted against the jobs", n)
	}
}
