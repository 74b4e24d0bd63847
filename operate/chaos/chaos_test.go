//go:build chaos && linux

package chaos_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/operate/chaos"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

var (
	lasts    = flag.Duration("chaos.for", time.Minute, "how long there is load and breakage")
	sales    = flag.Int("chaos.sales", 0, "how many readers come; 0 is 10 a second")
	kills    = flag.Int("chaos.kills", 0, "how many kills there are; 0 is one in 1.6 seconds")
	flushes  = flag.Int("chaos.flushes", 0, "how often Redis is emptied; 0 is once in 8 seconds")
	freezes  = flag.Int("chaos.freezes", 0, "how often Redis is frozen; 0 is once in 20 seconds")
	stops    = flag.Int("chaos.stops", 0, "how often a worker is stopped; 0 is once in 30 seconds")
	seed     = flag.Uint64("chaos.seed", 0, "repeats a schedule; 0 picks one")
	drain    = flag.Duration("chaos.drain", 2*time.Minute, "how soon all must be at rest after the last blow")
	program  = flag.String("chaos.program", "", "a program that is built already")
	formerly = flag.String("chaos.former", "", "a program of before the newest migration that is built already")
	defect   = flag.String("chaos.defect", "", "a patch in testdata/defects, by its name: the test must fail")
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// TestChaos is described at the top of the package.
func TestChaos(t *testing.T) {
	fill()
	t.Logf("-chaos.seed=%d -chaos.for=%s -chaos.sales=%d -chaos.kills=%d -chaos.flushes=%d -chaos.freezes=%d -chaos.stops=%d", *seed, *lasts, *sales, *kills, *flushes, *freezes, *stops)
	p := newPlant(t, *seed, build(t, *defect))
	t.Logf("journal and logs: %s", p.logs)
	if *defect == "" { // which both of two must have
		p.regress()
	}
	p.migrate(rand.New(rand.NewPCG(*seed, 3)))
	p.shelve()
	p.start()
	p.till.Deliver(deliveries(floodEvents))
	p.till.faulty.Store(true)
	p.mails.slow.Store(true)

	l := newLoad(p)
	plot := cast(rand.New(rand.NewPCG(*seed, 4)), *sales)
	readers, err := l.gather(plot, *seed)
	if err != nil {
		t.Fatal(err)
	}
	blows := forecast(rand.New(rand.NewPCG(*seed, 1)), *lasts)
	watching, stop := context.WithCancel(t.Context())
	var watch, all sync.WaitGroup
	watch.Go(func() { l.watch(watching) })
	all.Go(func() { l.play(t.Context(), readers, plot) })
	p.storm(t.Context(), blows)
	p.say("the last blow has fallen")
	began := time.Now()
	all.Wait()
	told := time.Since(began)
	p.calm()

	if !l.rest(t.Context(), *drain) {
		l.fault("%s after the last blow, not all is at rest: %s", *drain, l.unrest(t.Context()))
	}
	t.Logf("%d readers, %d signed in by mail, %d payments, %d kills; after the last blow the last reader was done in %s, and all at rest in %s", len(readers), l.arrived, l.sold.Load(), p.kills.Load(), told.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	stop()
	watch.Wait()
	l.acknowledged(t.Context(), l.till.ackedBefore(time.Now()))
	l.healed(t.Context(), *drain)
	l.takenOver()
	l.judge(readers)
}

// fill gives the flags that were not set their values.
func fill() {
	if *seed == 0 {
		*seed = rand.Uint64() >> 32
	}
	for count, every := range map[*int]time.Duration{
		sales: 100 * time.Millisecond, kills: 1600 * time.Millisecond, flushes: 8 * time.Second, freezes: 20 * time.Second, stops: 30 * time.Second,
	} {
		if *count == 0 {
			*count = int(*lasts / every)
		}
	}
}

// shelve puts the modules on sale, and has a lesson in one.
func (p *plant) shelve() {
	p.t.Helper()
	cfg := platformtest.Config(p.t)
	cfg.DatabaseURL = config.Secret(p.postgres.url("handbook"))
	platformtest.Sell(p.t, platformtest.Open(p.t, cfg))
	if _, err := p.db.Exec(p.t.Context(), `INSERT INTO lesson_ids VALUES ('wind-triangle', 'private_commercial')`); err != nil {
		p.t.Fatal(err)
	}
}

// gather enrols a reader for each story of the plot, with friends.
func (l *load) gather(plot []string, seed uint64) ([]*reader, error) {
	n := len(plot)
	for _, name := range plot {
		n += stories()[name].friends
	}
	all, err := l.enrol(n, seed)
	if err != nil {
		return nil, err
	}
	readers, friends := all[:len(plot)], all[len(plot):]
	for i, name := range plot {
		k := stories()[name].friends
		readers[i].friends, friends = friends[:k], friends[k:]
	}
	return readers, nil
}

// play has the readers come one after another, evenly.
func (l *load) play(ctx context.Context, readers []*reader, plot []string) {
	ctx, cancel := context.WithTimeout(ctx, 2**lasts+patience)
	defer cancel()
	tick := time.NewTicker(*lasts / time.Duration(len(readers)))
	defer tick.Stop()
	free := make(chan struct{}, 64) // who waits for long keeps a place
	var all sync.WaitGroup
	for i, r := range readers {
		<-tick.C
		free <- struct{}{}
		all.Go(func() {
			l.tell(ctx, r, plot[i])
			<-free
		})
	}
	all.Wait()
}

// tell has one reader's story happen, between two looks into a book.
func (l *load) tell(ctx context.Context, r *reader, name string) {
	l.mu.Lock()
	l.count[name]++
	l.mu.Unlock()
	for _, step := range []story{arrives, studies, stories()[name].tell, studies} {
		if err := step(ctx, r); err != nil {
			l.fault("%s, who %s: %v", r.id, name, err)
			return
		}
	}
}

// arrives has all who take part sign in.
func arrives(ctx context.Context, r *reader) error {
	for _, one := range append([]*reader{r}, r.friends...) {
		if err := one.arrive(ctx); err != nil {
			return err
		}
	}
	return nil
}

func studies(ctx context.Context, r *reader) error { return r.study(ctx) }

// judge compares the end state with what it has to be.
func (l *load) judge(readers []*reader) {
	l.t.Helper()
	ctx := l.t.Context()
	payments, err := l.payments()
	if err != nil {
		l.t.Fatal(err)
	}
	got, err := l.books(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	found := slices.Concat(l.faults, chaos.Differences(chaos.Expect(payments, l.deleted), got), chaos.Injustices(payments, l.deleted))
	l.faults = nil
	l.mu.Unlock()
	if err := l.studies(ctx); err != nil {
		l.t.Fatal(err)
	}
	if err := l.finished(ctx); err != nil {
		l.t.Fatal(err)
	}
	l.sessions(ctx, readers)
	found = append(found, l.faults...)
	said, err := l.command("fsck")
	l.t.Logf("handbook fsck: %s", strings.TrimSpace(said))
	if err != nil && len(found) == 0 {
		l.t.Errorf("nothing is wrong, but fsck says: %v", err)
	}
	for _, f := range found[:min(40, len(found))] {
		l.t.Error(f)
	}
	if len(found) > 40 {
		l.t.Errorf("and %d more", len(found)-40)
	}
}

// sessions checks that nobody was signed out.
func (l *load) sessions(ctx context.Context, readers []*reader) {
	for _, r := range readers {
		l.sessions(ctx, r.friends)
		_, there, err := r.opens(ctx)
		if err != nil || there == l.deleted[r.id] {
			l.fault("the session of %s answers: %v, %v; the account is deleted: %v", r.id, there, err, l.deleted[r.id])
		}
	}
}
