//go:build chaos && linux

package chaos_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pilothandbook/operate/chaos"
	"pilothandbook/platform/local/pay"
)

// TestRestore is the drill of docs/runbook.md. A backup is made while readers
// buy and study; everything younger is lost, with all of Redis. The words of the
// program must then bring back from Stripe what was bought, and the devices what
// was learned.
func TestRestore(t *testing.T) {
	fill()
	p := newPlant(t, *seed, build(t, *defect))
	p.create("handbook")
	if said, err := p.command("migrate"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	p.shelve()
	p.till.Deliver(pay.Delivery{})
	p.start()
	l := newLoad(p)
	all, err := l.enrol(atOutage, *seed)
	if err != nil {
		t.Fatal(err)
	}
	young := all[1] // has no account yet
	readers := slices.DeleteFunc(slices.Clone(all), func(r *reader) bool { return r.cookie == "" })
	third := len(readers) / 3

	l.act(t, readers[:third])
	if !l.rest(t.Context(), *drain) {
		t.Fatalf("not all is at rest: %s", l.unrest(t.Context()))
	}
	before, _ := l.mails.confirmed()
	backup := filepath.Join(t.TempDir(), "backup.dump")
	var both sync.WaitGroup
	both.Go(func() { l.act(t, readers[third:2*third]) })
	p.tool("pg_dump", "--format=custom", "--file="+backup, p.postgres.url("handbook"))
	both.Wait()
	l.act(t, readers[2*third:])
	if err := errors.Join(young.arrive(t.Context()), buysBlind(t.Context(), young)); err != nil {
		t.Fatal(err)
	}

	p.lose(backup)
	l.deleted[young.id] = true
	for _, words := range [][]string{{"migrate"}, {"reconcile", "--restored"}, {"fsck"}} {
		said, err := p.command(words...)
		t.Logf("handbook %s: %s", strings.Join(words, " "), strings.TrimSpace(said))
		if err != nil {
			t.Errorf("handbook %s: %v", strings.Join(words, " "), err)
		}
	}
	p.start()
	for _, r := range readers {
		if err := r.tellStudies(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if !l.rest(t.Context(), *drain) {
		t.Errorf("not all is at rest: %s", l.unrest(t.Context()))
	}
	l.healed(t.Context(), *drain)
	l.compare(before)
}

// act has readers study and buy, each in a way of their own.
func (l *load) act(t *testing.T, readers []*reader) {
	tell := []story{
		buysBlind, buysAndReads, isRefunded, isRefundedInPart, disputes(pay.Lose), disputes(pay.Win), disputes(""),
		paysLater(pay.Arrive), paysLater(pay.Fail), paysLater(""), leaves, expires, buysTwice, buysTheRest, givesToNobody,
	}
	for i, r := range readers {
		r.learn()
		if err := errors.Join(r.tellStudies(t.Context()), tell[i%len(tell)](t.Context(), r)); err != nil {
			t.Errorf("%s: %v", r.id, err)
		}
	}
}

// tool runs a program of PostgreSQL's.
func (p *plant) tool(name string, args ...string) {
	p.t.Helper()
	if out, err := exec.CommandContext(p.t.Context(), name, args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// lose ends all processes, empties Redis, and puts a backup in the place of the
// database.
func (p *plant) lose(backup string) {
	p.t.Helper()
	for _, s := range append(p.webs[:], p.workers[:]...) {
		s.kill()
	}
	p.flush()
	c := p.connect("postgres")
	defer c.Close(p.t.Context())
	for _, statement := range []string{`DROP DATABASE handbook WITH (FORCE)`, `CREATE DATABASE handbook`} {
		if _, err := c.Exec(p.t.Context(), statement); err != nil {
			p.t.Fatal(err)
		}
	}
	p.db.Reset()
	p.tool("pg_restore", "--no-owner", "--exit-on-error", "--dbname="+p.postgres.url("handbook"), backup)
}

// compare judges access, money and what was learned. What the backup has as
// confirmed was confirmed once; what it has not may be confirmed once more.
func (l *load) compare(before map[string]map[string]bool) {
	l.t.Helper()
	payments, err := l.payments()
	if err != nil {
		l.t.Fatal(err)
	}
	for i, p := range payments {
		payments[i].Late = l.deleted[p.Buyer]
	}
	got, err := l.books(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for payment, n := range got.Told {
		if before[payment] == nil && n == 2 {
			got.Told[payment] = 1
		}
	}
	if err := l.studies(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if said, err := l.command("fsck"); err != nil {
		l.t.Errorf("handbook fsck: %v\n%s", err, said)
	}
	for _, f := range slices.Concat(l.faults, chaos.Differences(chaos.Expect(payments, l.deleted), got), chaos.Injustices(payments, l.deleted)) {
		l.t.Error(f)
	}
}
