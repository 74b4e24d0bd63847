package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

var lane = queue.Queue{Name: "lane", Concurrency: 2, Unknown: "Unknown job type: %s"}

type count struct {
	Name string `json:"name"`
}

func (count) Job() queue.Spec {
	return queue.Spec{Kind: "count", Queue: lane, Timeout: 30 * time.Second, Failures: 2}
}

type stranger struct{}

func (stranger) Job() queue.Spec {
	return queue.Spec{Kind: "stranger", Queue: lane, Timeout: time.Minute, Failures: 1}
}

type long struct{}

func (long) Job() queue.Spec {
	return queue.Spec{Kind: "long", Queue: lane, Timeout: time.Hour, Failures: 1}
}

func add(t *testing.T, p *platform.Platform, a queue.Args) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = queue.Add(t.Context(), tx, a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func options(p *platform.Platform) queue.Options {
	return queue.Options{Pool: p.DB, Redis: p.Redis, Channel: platform.WakeChannel, Monitor: p.Monitor, Log: p.Log}
}

// work runs a worker for count jobs until the test ends.
func work(t *testing.T, p *platform.Platform, fn func(context.Context, count) error) {
	t.Helper()
	mux := queue.NewMux(lane)
	queue.Handle(mux, fn)
	run(t, options(p), mux)
}

// run runs a worker until the test ends.
func run(t *testing.T, o queue.Options, mux *queue.Mux) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- queue.NewWorker(o, mux).Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// wait returns a job's status once it has one of the states.
func wait(t *testing.T, p *platform.Platform, id uuid.UUID, states ...queue.State) queue.Status {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s, err := queue.Look(t.Context(), p.DB, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range states {
			if s.State == want {
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the job is still %+v, want %v", s, states)
		}
	}
}

func TestJobIsDone(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id := add(t, p, count{"a"})
	work(t, p, func(ctx context.Context, c count) error {
		if err := queue.Say(ctx, "half of %s", c.Name); err != nil {
			return err
		}
		return db.Tx(ctx, p.DB, func(tx pgx.Tx) error {
			return queue.Finish(ctx, tx, map[string]string{"name": c.Name})
		})
	})
	s := wait(t, p, id, queue.Done, queue.Dead)
	var result map[string]string
	if err := json.Unmarshal(s.Result, &result); err != nil || s.State != queue.Done || result["name"] != "a" || s.Progress != "half of a" {
		t.Errorf("got %+v", s)
	}
	// One that says nothing is done when it returns.
	wait(t, p, add(t, p, count{"b"}), queue.Done)
}

func TestRolledBackJobNeverWas(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var id uuid.UUID
	refused := errors.New("no")
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		if id, err = queue.Add(t.Context(), tx, count{"a"}); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if _, err := queue.Look(t.Context(), p.DB, id); !errors.Is(err, queue.ErrNoJob) {
		t.Errorf("got %v", err)
	}
}

func TestPayloadHoldsIDs(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		_, err := queue.Add(t.Context(), tx, count{strings.Repeat("x", 1100)})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "must hold ids") {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var tries atomic.Int32
	work(t, p, func(_ context.Context, c count) error {
		switch c.Name {
		case "once":
			if tries.Add(1) == 1 {
				return errors.New("not yet")
			}
			return nil
		case "never":
			return queue.Permanent(errors.New("no retry heals this"))
		case "bytes":
			return queue.Permanent(errors.New("a NUL \x00 and no text \xff"))
		case "panic":
			panic("oh no")
		}
		return errors.New("always")
	})
	if s := wait(t, p, add(t, p, count{"once"}), queue.Done, queue.Dead); s.State != queue.Done || s.Error != "" {
		t.Errorf("after one failure: %+v", s)
	}
	for name, want := range map[string]string{"never": "no retry heals this", "bytes": "a NUL \uFFFD and no text \uFFFD", "always": "always", "panic": "panic: oh no"} {
		if s := wait(t, p, add(t, p, count{name}), queue.Dead); !strings.Contains(s.Error, want) {
			t.Errorf("%s is dead of %q, want %q", name, s.Error, want)
		}
	}
}

// tenacious is a job that may fail very often.
type tenacious struct{}

func (tenacious) Job() queue.Spec {
	return queue.Spec{Kind: "tenacious", Queue: lane, Timeout: 30 * time.Second, Failures: 80}
}

// However often a job has failed, its next failure is recorded and it waits no
// longer than an hour, until it is dead.
func TestManyFailures(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id := add(t, p, tenacious{})
	platformtest.Exec(t, p, `UPDATE outbox SET failures = 28`)
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(context.Context, tenacious) error { return errors.New("always") })
	run(t, options(p), mux)
	waits := func(failures int) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ask[bool](t, p, `
			SELECT state = 'waiting' AND failures = $1 AND run_at BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour'
			FROM outbox`, failures); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("failure %d is not recorded", failures)
			}
		}
	}
	waits(29)
	platformtest.Exec(t, p, `UPDATE outbox SET failures = 78, run_at = now()`)
	waits(79)
	platformtest.Exec(t, p, `UPDATE outbox SET run_at = now()`)
	wait(t, p, id, queue.Dead)
}

// A claim that was given to another worker can no longer take effect.
func TestFencing(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id := add(t, p, count{"a"})
	var runs atomic.Int32
	second := make(chan struct{})
	lost := make(chan error, 1)
	work(t, p, func(ctx context.Context, _ count) error {
		finish := func() error {
			return db.Tx(context.WithoutCancel(ctx), p.DB, func(tx pgx.Tx) error {
				return queue.Finish(ctx, tx, runs.Load())
			})
		}
		if runs.Add(1) > 1 {
			defer close(second)
			return finish()
		}
		// What the sweep does to a worker that was frozen for longer than its lease.
		if _, err := p.DB.Exec(ctx, `UPDATE outbox SET state = 'waiting', attempt = attempt + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		<-second
		lost <- finish()
		return nil
	})
	s := wait(t, p, id, queue.Done)
	if err := <-lost; !errors.Is(err, queue.ErrLost) {
		t.Errorf("the first worker's effect: %v, want ErrLost", err)
	}
	if runs.Load() != 2 || string(s.Result) != "2" {
		t.Errorf("%d runs, result %s; want 2 runs and the second's result", runs.Load(), s.Result)
	}
}

// Rows that Redis forgot, and rows of workers that died, are done all the same.
func TestSweep(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, add(t, p, count{"a"}))
	}
	for i, state := range []string{"queued", "running"} {
		_, err := p.DB.Exec(t.Context(), `UPDATE outbox SET state = $2, lease_until = now() - interval '1 second' WHERE id = $1`, ids[i], state)
		if err != nil {
			t.Fatal(err)
		}
	}
	work(t, p, func(context.Context, count) error { return nil })
	for _, id := range ids {
		wait(t, p, id, queue.Done)
	}
}

// A job that kills its workers comes to an end.
func TestKiller(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id := add(t, p, count{"a"})
	_, err := p.DB.Exec(t.Context(), `UPDATE outbox SET state = 'running', losses = 19, lease_until = now() - interval '1 second' WHERE id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	work(t, p, func(context.Context, count) error { return nil })
	if s := wait(t, p, id, queue.Dead, queue.Done); s.State != queue.Dead || !strings.Contains(s.Error, "workers in a row died") {
		t.Errorf("got %+v", s)
	}
}

// Redis losing everything costs time, never a job.
func TestFlush(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	work(t, p, func(context.Context, count) error { time.Sleep(5 * time.Millisecond); return nil })
	var ids []uuid.UUID
	for i := range 40 {
		ids = append(ids, add(t, p, count{"a"}))
		if i%10 == 0 {
			if err := p.Redis.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, id := range ids {
		wait(t, p, id, queue.Done)
	}
}

func TestManyJobsOnceEach(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var runs atomic.Int32
	for range 2 { // two workers
		work(t, p, func(context.Context, count) error { runs.Add(1); return nil })
	}
	var ids []uuid.UUID
	for range 60 {
		ids = append(ids, add(t, p, count{"a"}))
	}
	for _, id := range ids {
		wait(t, p, id, queue.Done)
	}
	if runs.Load() != 60 {
		t.Errorf("%d runs, want 60", runs.Load())
	}
}
