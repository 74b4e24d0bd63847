package purchase_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/purchase"
)

// TestTwoTabs pays the same module twice and the bundle, all told at once and
// again: two payments are given back, each once.
func TestTwoTabs(t *testing.T) {
	t.Parallel()

	p := open(t)
	ctx := t.Context()
	one, err := sell(ctx, p, "instrument", 9900)
	if err != nil {
		t.Fatal(err)
	}
	two := &sale{p: p, user: one.user, checkout: uuid.New(), module: "instrument", price: 9900}
	bundle := &sale{p: p, user: one.user, checkout: uuid.New(), module: "bundle", price: 14900}
	if _, err := p.DB.Exec(ctx, `DROP INDEX checkouts_one_open`); err != nil { // whatever let two be open
		t.Fatal(err)
	}
	if err, err2 := two.begin(ctx), bundle.begin(ctx); err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	var all sync.WaitGroup
	for i := range 12 {
		s := []*sale{one, two, bundle}[i%3]
		all.Go(func() {
			if out, err := s.settle(ctx, s.report("paid")); err != nil || out.State != purchase.Settled {
				t.Errorf("%s: %+v, %v", s.module, out, err)
			}
		})
	}
	all.Wait()
	var got string
	err = p.DB.QueryRow(ctx, `
		SELECT concat_ws('; ', (SELECT string_agg(module_type, ' ') FROM refunds), (SELECT count(*) FROM outbox WHERE kind = 'refund-payment'))`).Scan(&got)
	if err != nil || got != "instrument instrument; 2" || one.opens(t) != "bundle instrument private_commercial" {
		t.Errorf("given back: %s (%v), opens %q", got, err, one.opens(t))
	}
}

// TestRefundTakesItsOwn buys the same module alone and in the bundle.
func TestRefundTakesItsOwn(t *testing.T) {
	t.Parallel()

	p := open(t)
	ctx := t.Context()
	single, err := sell(ctx, p, "instrument", 9900)
	if err != nil {
		t.Fatal(err)
	}
	bundle := &sale{p: p, user: single.user, checkout: uuid.New(), module: "bundle", price: 14900}
	if err := bundle.begin(ctx); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		s            *sale
		report, want string
	}{
		{single, "paid", "instrument"},
		{bundle, "paid", "bundle instrument private_commercial"},
		{single, "all back", "bundle instrument private_commercial"},
		{bundle, "all back", ""},
		{single, "paid", ""},
	} {
		if _, err := step.s.settle(ctx, step.s.report(step.report)); err != nil {
			t.Fatal(err)
		}
		if got := single.opens(t); got != step.want {
			t.Errorf("after %s of %s: opens %q, want %q", step.report, step.s.module, got, step.want)
		}
	}
}
