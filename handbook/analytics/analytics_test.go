package analytics_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/analytics"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// seen is an event of now, by a user or nobody.
func seen(user uuid.UUID) analytics.Event {
	return analytics.Event{At: time.Now(), Kind: analytics.LessonRead, Module: "instrument", Lesson: "holding", Version: "1.0.0", User: user}
}

func count(t *testing.T, p *platform.Platform, where string) (n int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM analytics_events WHERE `+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually waits until ask says yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ask(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func result(t *testing.T, p *platform.Platform, r analytics.Result) float64 {
	t.Helper()
	return platformtest.Metric(t, p, fmt.Sprintf(`handbook_analytics_events_total{result=%q}`, r))
}

// remove deletes an account as far as analytics know it.
func remove(t *testing.T, tx pgx.Tx, user uuid.UUID) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, user); err != nil {
		t.Error(err)
	}
	if err := analytics.Forget(t.Context(), tx, user); err != nil {
		t.Error(err)
	}
}

// waits reports whether a transaction waits for the table.
func waits(t *testing.T, p *platform.Platform) bool {
	t.Helper()
	return platformtest.Text(t, p, `SELECT count(*)::text FROM pg_locks WHERE relation = 'analytics_events'::regclass AND NOT granted`) != "0"
}

func TestForget(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	r := analytics.NewRecorder(p)
	r.Add([]analytics.Event{seen(ana.ID), seen(ana.ID), seen(bob.ID), seen(uuid.Nil)})
	p.Flush()
	if n := count(t, p, `user_id IS NOT NULL`); n != 3 {
		t.Fatalf("%d events have a person", n)
	}
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { remove(t, tx, ana.ID); return nil })
	if err != nil {
		t.Fatal(err)
	}
	r.Add([]analytics.Event{seen(ana.ID), seen(uuid.New())}) // told before, by another process
	p.Flush()
	if all, known := count(t, p, `true`), count(t, p, `user_id IS NOT NULL`); all != 6 || known != 1 {
		t.Errorf("%d events, %d with a person; want 6, and bob's", all, known)
	}
}

// Whichever comes first, a batch or the deletion of one of its readers, nobody
// who is deleted is written.
func TestForgetAtOnce(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	r := analytics.NewRecorder(p)

	written := make(chan error, 1)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		remove(t, tx, ana.ID)
		r.Add([]analytics.Event{seen(ana.ID)})
		go func() { written <- r.Flush() }()
		eventually(t, "the batch waits for the deletion", func() bool { return waits(t, p) })
		return nil
	})
	if err != nil || <-written != nil {
		t.Fatal(err)
	}
	deleted := make(chan error, 1)
	err = db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { // as a batch does
		if _, err := tx.Exec(t.Context(), `INSERT INTO analytics_events VALUES (now(), 'lesson-read', '', '', '', $1)`, bob.ID); err != nil {
			return err
		}
		go func() {
			deleted <- db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { remove(t, tx, bob.ID); return nil })
		}()
		eventually(t, "the deletion waits for the batch", func() bool { return waits(t, p) })
		return nil
	})
	if err != nil || <-deleted != nil {
		t.Fatal(err)
	}
	if all, known := count(t, p, `true`), count(t, p, `user_id IS NOT NULL`); all != 2 || known != 0 {
		t.Errorf("%d events, %d with a person; want 2 without", all, known)
	}
}
