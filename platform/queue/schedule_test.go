package queue_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

func ask[T any](t *testing.T, p *platform.Platform, sql string, args ...any) (v T) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Three workers, a thousand slots, and every twenty of them PostgreSQL ends the
// connection of the one that is just adding: no slot has two jobs, none that a
// worker added has none, and none was missed in which a worker looked.
func TestScheduleOnceASlot(t *testing.T) {
	t.Parallel()
	const slots, each = 1000, 20
	p := platformtest.New(t)
	s := queue.Schedule{Name: "count", Every: 4 * time.Millisecond, Job: count{"a"}}
	var added atomic.Int64
	workers, ctx := errgroup.WithContext(t.Context())
	looked := make([][]time.Time, 3) // by each worker, the slots in which a whole look fell
	for i := range looked {
		own := p.DB.Apart()
		t.Cleanup(func() { own.Close(time.Second) })
		workers.Go(func() (err error) {
			for added.Load() < slots && err == nil {
				looked[i], err = look(ctx, own, s, &added, looked[i])
			}
			return err
		})
	}
	killed := int64(0)
	for ; added.Load() < slots && ctx.Err() == nil; time.Sleep(time.Millisecond / 2) {
		if added.Load() >= each*(killed+1) {
			killed += killLeader(t, p)
		}
	}
	if err := workers.Wait(); err != nil {
		t.Fatal(err)
	}
	// Both are the transaction's time, so that a job tells its slot.
	jobs, filled := ask[int64](t, p, `SELECT count(*) FROM outbox`), ask[int64](t, p, `
		SELECT count(DISTINCT date_bin('4 milliseconds', created_at, '2000-01-01T00:00:00Z')) FROM outbox`)
	if jobs != filled || jobs < added.Load() {
		t.Errorf("%d jobs in %d slots, of which %d are known; want one each", jobs, filled, added.Load())
	}
	seen := slices.Concat(looked...)
	missed := ask[int](t, p, `
		SELECT count(DISTINCT l.slot)
		FROM unnest($1::timestamptz[]) AS l (slot)
		WHERE NOT EXISTS (SELECT FROM outbox WHERE date_bin('4 milliseconds', created_at, '2000-01-01T00:00:00Z') = l.slot)`, seen)
	if missed != 0 || len(seen) == 0 {
		t.Errorf("%d slots were missed, of %d looks at one", missed, len(seen))
	}
	t.Logf("%d jobs, %d leaders killed, %d looks within a slot", jobs, killed, len(seen))
	if killed < slots/each/2 {
		t.Errorf("%d leaders were killed, want one each %d slots", killed, each)
	}
}

// look has a worker tick once, and adds the slot to looked in which it did from
// first to last. That its connection is ended is none of its faults.
func look(ctx context.Context, own *db.Pool, s queue.Schedule, added *atomic.Int64, looked []time.Time) ([]time.Time, error) {
	clock := func() (now time.Time, err error) {
		err = own.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
		return now, err
	}
	began, err1 := clock()
	n, err2 := queue.Tick(ctx, own, s)
	added.Add(int64(n))
	ended, err3 := clock()
	for _, err := range []error{err1, err2, err3} {
		switch {
		case db.Gone(err):
			return looked, nil
		case err != nil:
			return looked, err
		}
	}
	if slot := began.Truncate(s.Every); slot.Equal(ended.Truncate(s.Every)) {
		looked = append(looked, slot)
	}
	return looked, nil
}

// killLeader ends the connection of whoever is just adding a job, and returns how
// many there were.
func killLeader(t *testing.T, p *platform.Platform) int64 {
	t.Helper()
	return ask[int64](t, p, `
		SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
		FROM pg_stat_activity
		WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()`)
}

// A worker that dies between the slot and the job leaves both to the next.
func TestScheduleLeaderDies(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	every := 24 * time.Hour
	for range 50 {
		big := queue.Schedule{Name: "count", Every: every, Job: count{strings.Repeat("x", 2000)}} // Add refuses it, after the slot was claimed
		if n, err := queue.Tick(t.Context(), p.DB, big); err == nil || n != 0 {
			t.Fatalf("the leader that dies: %d, %v", n, err)
		}
		for i, want := range []int{1, 0, 0} {
			n, err := queue.Tick(t.Context(), p.DB, queue.Schedule{Name: "count", Every: every, Job: count{"a"}})
			if err != nil || n != want {
				t.Fatalf("worker %d added %d, %v; want %d", i, n, err, want)
			}
		}
		// Days pass while no worker runs: one job makes up for all of them.
		if _, err := p.DB.Exec(t.Context(), `UPDATE schedule SET slot = slot - interval '3 days'`); err != nil {
			t.Fatal(err)
		}
	}
	if n := ask[int](t, p, `SELECT count(*) FROM outbox`); n != 50 {
		t.Errorf("%d jobs, want 50", n)
	}
}

func TestWorkerKeepsSchedule(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ran := make(chan string, 10)
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(_ context.Context, c count) error { ran <- c.Name; return nil })
	o := options(p)
	o.Schedules = []queue.Schedule{{Name: "a", Every: time.Hour, Job: count{"a"}}, {Name: "b", Every: time.Hour, Job: count{"b"}}}
	run(t, o, mux)
	if first, second := <-ran, <-ran; first == second {
		t.Errorf("%s ran twice", first)
	}
}

func TestDeadAndRetried(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var healed atomic.Bool
	work(t, p, func(_ context.Context, c count) error {
		if healed.Load() {
			return nil
		}
		return queue.Permanent(errors.New("no " + c.Name + "\nand no more"))
	})
	a, b := add(t, p, count{"a"}), add(t, p, count{"b"})
	other := add(t, p, stranger{})
	wait(t, p, a, queue.Dead)
	wait(t, p, b, queue.Dead)
	wearOut(t, p, other)
	wait(t, p, other, queue.Dead)
	dead, err := queue.Deaths(t.Context(), p.DB)
	if err != nil || len(dead) != 3 {
		t.Fatalf("dead: %+v, %v", dead, err)
	}
	healed.Store(true)
	retry := func(which string, want int) {
		t.Helper()
		err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
			n, err := queue.Retry(t.Context(), tx, which)
			if n != want {
				t.Errorf("%s puts %d back, want %d", which, n, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	retry("nothing", 0)
	retry(a.String(), 1)
	if s := wait(t, p, a, queue.Done, queue.Dead); s.State != queue.Done || s.Error != "" {
		t.Errorf("retried: %+v", s)
	}
	retry("count", 1)
	wait(t, p, b, queue.Done)
	retry(queue.All, 1)
	wearOut(t, p, other)
	if s := wait(t, p, other, queue.Dead); s.Error != "Unknown job type: stranger" {
		t.Errorf("retried: %+v", s)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	report := func() string {
		var b strings.Builder
		if err := queue.Report(t.Context(), p.DB, &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	platformtest.Golden(t, "empty.txt", report())
	_, err := p.DB.Exec(t.Context(), `
		INSERT INTO outbox (id, kind, queue, payload, state, failures, created_at, finished_at, error)
		SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'count', queue, '{}', state, failures, now() - age, '2026-11-23 10:00+00', error
		FROM (VALUES (1, 'lane', 'waiting', 0, interval '90 minutes 20 seconds', ''), (2, 'lane', 'waiting', 1, '20 seconds', 'not yet'),
		             (3, 'lane', 'done', 0, '8 hours 20 seconds', ''), (4, 'lane', 'dead', 2, '30 hours 20 seconds', E'panic: oh no\nstack'),
		             (5, 'other', 'running', 0, '3 minutes 20 seconds', '')) AS rows (n, queue, state, failures, age, error)`)
	if err != nil {
		t.Fatal(err)
	}
	platformtest.Golden(t, "report.txt", report())
}
