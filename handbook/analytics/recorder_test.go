package analytics_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/analytics"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func many(n int) []analytics.Event { return slices.Repeat([]analytics.Event{seen(uuid.Nil)}, n) }

// Nobody has to ask for what was taken to be written.
func TestWrittenByItself(t *testing.T) {
	t.Parallel()
	for name, batches := range map[string][]int{"one event": {1}, "a full batch": {999, 1}, "more than one": {1000, 700, 900}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := platformtest.New(t)
			r := analytics.NewRecorder(p)
			sum := 0
			for _, n := range batches {
				if taken := r.Add(many(n)); taken != n {
					t.Errorf("%d of %d are taken", taken, n)
				}
				sum += n
			}
			eventually(t, "all are there", func() bool { return count(t, p, `true`) == sum })
			eventually(t, "all are counted", func() bool { return result(t, p, analytics.Stored) == float64(sum) })
		})
	}
}

// A process that ends writes what it holds.
func TestEnd(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	p, after := platformtest.Open(t, cfg), platformtest.Open(t, cfg)
	analytics.NewRecorder(p).Add(many(3))
	p.Close()
	if n := count(t, after, `true`); n != 3 {
		t.Errorf("%d events are there", n)
	}
}

// While a month has no partition its events wait, and so do others.
func TestNoPartition(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	months := platformtest.Text(t, p, `SELECT string_agg(inhrelid::regclass::text, ', ') FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass`)
	platformtest.Exec(t, p, `DROP TABLE `+months)
	r := analytics.NewRecorder(p)
	r.Add(many(1500))
	for range 2 {
		if err := r.Flush(); err == nil {
			t.Fatal("it was written where there is nothing")
		}
	}
	platformtest.Exec(t, p, `SELECT make_analytics_partitions(now()::date, 2)`)
	if err := r.Flush(); err != nil || count(t, p, `true`) != 1500 {
		t.Errorf("%v, %d events are there", err, count(t, p, `true`))
	}
}

// Of what PostgreSQL does not take only so much is kept.
func TestAway(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret("postgres://nobody@127.0.0.1:1/none")
	p := platformtest.Open(t, cfg)
	r := analytics.NewRecorder(p)
	taken := 0
	for range 6 {
		taken += r.Add(many(10_000))
		if err := r.Flush(); err == nil {
			t.Fatal("there is no server")
		}
	}
	if dropped := result(t, p, analytics.Full); taken != 50_000 || dropped != 10_000 {
		t.Errorf("%d are taken, %v dropped", taken, dropped)
	}
	p.Close()
	if dropped := result(t, p, analytics.Full); dropped != 60_000 {
		t.Errorf("%v are dropped with the process", dropped)
	}
}

// What comes while others are written waits for its second: else each commit
// would bring the next one, of the few that came during it.
func TestNotOneByOne(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	conn, err := p.DB.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `LOCK TABLE analytics_events IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	r := analytics.NewRecorder(p)
	r.Add(many(1))
	flushed := make(chan error)
	go func() { flushed <- r.Flush() }()
	eventually(t, "it is being written", func() bool {
		return platformtest.Text(t, p, `SELECT count(*)::text FROM pg_locks WHERE NOT granted`) != "0"
	})
	r.Add(many(2))
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-flushed; err != nil {
		t.Fatal(err)
	}
	if n := count(t, p, `true`); n != 1 {
		t.Errorf("%d events are written at once", n)
	}
	eventually(t, "the others are there", func() bool { return count(t, p, `true`) == 3 })
}

// What is being written when the process ends is counted too.
func TestAwayUnderWay(t *testing.T) {
	t.Parallel()
	hangs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hangs.Close() }()
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret("postgres://nobody@" + hangs.Addr().String() + "/none?sslmode=disable")
	p := platformtest.Open(t, cfg)
	r := analytics.NewRecorder(p)
	r.Add(many(3))
	go func() { _ = r.Flush() }()
	if _, err := hangs.Accept(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if dropped := result(t, p, analytics.Full); dropped != 3 {
		t.Errorf("%v are dropped with the process", dropped)
	}
	if taken := r.Add(many(1)); taken != 0 {
		t.Error("an event is taken that nobody will write")
	}
}

// What can never be stored does not hold up the rest, nor take others with it.
func TestHopeless(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	r := analytics.NewRecorder(p)
	bad := seen(uuid.Nil)
	bad.Module = "\x00"
	for _, at := range []int{0, 700, 1300} {
		events := many(1301)
		events[at] = bad
		r.Add(events)
	}
	if err := r.Flush(); err != nil {
		t.Error(err)
	}
	if n, failed := count(t, p, `true`), result(t, p, analytics.Failed); n != 3*1300 || failed != 3 {
		t.Errorf("%d are there, %v failed", n, failed)
	}
}
