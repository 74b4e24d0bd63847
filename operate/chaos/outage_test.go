//go:build chaos && linux

package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/local/pay"
)

// atOutage are how many readers come in it.
const atOutage = 60

// TestOutage loses every event that Stripe sends, while no worker runs, for as
// long as Stripe lists them and longer. One reconciliation must then find all,
// and a second one nothing.
func TestOutage(t *testing.T) {
	fill()
	bin := build(t, *defect)
	for _, days := range []int{3, 29, 31} {
		t.Run(fmt.Sprintf("%d days", days), func(t *testing.T) {
			t.Parallel()
			p := newPlant(t, *seed, bin)
			p.create("handbook")
			if said, err := p.command("migrate"); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			p.shelve()
			p.till.Deliver(pay.Delivery{Disabled: true})
			p.run(p.webs[:])

			l := newLoad(p)
			readers := l.during(t, days)
			for _, w := range p.webs {
				w.kill()
			}
			p.pass(t, time.Duration(days)*24*time.Hour)
			said, err := p.command("reconcile")
			t.Logf("after %d days: %s", days, strings.TrimSpace(said))
			if forgotten := strings.Contains(said, "were never compared"); err != nil || forgotten != (days > 30) {
				t.Errorf("reconcile: %v", err)
			}
			p.start()
			if !l.rest(t.Context(), *drain) {
				t.Errorf("not all is at rest: %s", l.unrest(t.Context()))
			}
			// What it asked Stripe to give back is news of its own.
			l.healed(t.Context(), *drain)
			if time.Duration(days)*24*time.Hour > account.Idle {
				readers = nil // whose sessions are over
			}
			l.judge(readers)
		})
	}
}

// during has readers buy while nobody hears of it, and returns them.
func (l *load) during(t *testing.T, days int) []*reader {
	t.Helper()
	readers, err := l.enrol(atOutage, *seed)
	if err != nil {
		t.Fatal(err)
	}
	readers = slices.DeleteFunc(readers, func(r *reader) bool { return r.cookie == "" }) // mails are not sent
	tell := []story{
		buysBlind, buysBlind, isRefunded, isRefundedInPart, disputes(pay.Lose), disputes(pay.Win), disputes(""),
		paysLater(pay.Arrive), paysLater(pay.Fail), paysLater(""), leaves, expires, buysTwice, clicks, goesAndPays,
	}
	rng := rand.New(rand.NewPCG(*seed, uint64(days)))
	for i, r := range readers {
		if err := tell[(i+rng.IntN(2))%len(tell)](t.Context(), r); err != nil {
			t.Fatalf("%s: %v", r.id, err)
		}
	}
	return readers
}

// pass makes all that has happened so much older: to the processes, as if they
// had been away for that long. What lies in partitions by its time stays there.
func (p *plant) pass(t *testing.T, by time.Duration) {
	t.Helper()
	if _, err := p.db.Exec(t.Context(), `INSERT INTO reconciled (created) VALUES (now()) ON CONFLICT (single) DO UPDATE SET created = now()`); err != nil {
		t.Fatal(err)
	}
	if err := p.till.Age(by); err != nil {
		t.Fatal(err)
	}
	p.flush()
	rows, err := p.db.Query(t.Context(), `
		SELECT format('UPDATE %s SET %s', c.oid::regclass, string_agg(format('%1$I = %1$I - $1::interval', a.attname), ', '))
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
		AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.atttypid = 'timestamptz'::regtype
		GROUP BY c.oid`)
	if err != nil {
		t.Fatal(err)
	}
	updates, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), p.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`); err != nil { // no triggers
			return err
		}
		for _, u := range updates {
			if _, err := tx.Exec(t.Context(), u, by); err != nil {
				return fmt.Errorf("%s: %w", u, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
