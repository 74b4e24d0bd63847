package queue_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// A job and the jobs that it adds know the request, and so do their log lines.
func TestOrigin(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var mu sync.Mutex
	var log strings.Builder
	o := options(p)
	o.Log = platform.NewLogger(locked{&mu, &log}, "info")
	mux := queue.NewMux(lane)
	found := make(chan origin.Origin, 2)
	queue.Handle(mux, func(ctx context.Context, c count) error {
		found <- origin.Of(ctx)
		if c.Name != "first" {
			return nil
		}
		return db.Tx(ctx, p.DB, func(tx pgx.Tx) error {
			_, err := queue.Add(ctx, tx, count{"second"})
			return err
		})
	})
	run(t, o, mux)
	want := origin.Origin{Request: "r1", Trace: "t1"}
	var id uuid.UUID
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = queue.Add(origin.With(t.Context(), want), tx, count{"first"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, which := range []string{"the job", "the job that it added"} {
		if got := <-found; got != want {
			t.Errorf("%s knows %+v, want %+v", which, got, want)
		}
	}
	wait(t, p, id, queue.Done)
	platform.FlushLog(o.Log)
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(log.String(), `"request":"r1"`) {
		t.Errorf("the log holds %s", log.String())
	}
}

type locked struct {
	mu *sync.Mutex
	b  *strings.Builder
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Somebody is told of a job that is dead and of a panic, and not of a failure
// that another attempt follows.
func TestIncidents(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	told := make(chan monitor.Incident, 9)
	p.Monitor.OnError(func(_ context.Context, i monitor.Incident) { told <- i })
	var tries atomic.Int32
	work(t, p, func(_ context.Context, c count) error {
		if tries.Add(1) == 1 && c.Name == "panic" {
			panic("oh no")
		}
		return errors.New("in vain")
	})
	id := add(t, p, count{"panic"})
	wait(t, p, id, queue.Dead)
	for _, want := range []string{"panic: oh no", "in vain"} {
		if i := <-told; !strings.HasPrefix(i.Err.Error(), want) || i.Source != monitor.Work || i.Where != "count" {
			t.Errorf("told of %+v, want %q", i, want)
		}
	}
	tries.Store(1)
	wait(t, p, add(t, p, count{"plain"}), queue.Dead)
	if i := <-told; i.Err.Error() != "in vain" || len(told) != 0 {
		t.Errorf("told of %+v and %d more, want the last attempt's alone", i, len(told))
	}
}
