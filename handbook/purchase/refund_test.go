package purchase_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/platformtest"
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

// TestPaidByNobody: a payment that is told after its account was deleted is
// given back once nobody asks the bank for it. One that bought something while
// there was an account is not, whatever its bank decides.
func TestPaidByNobody(t *testing.T) {
	t.Parallel()

	const deleted = "account deleted"
	for _, tc := range []struct {
		told []string
		want string
	}{
		{[]string{deleted, "paid", "paid, read later"}, "9900; 1"},
		{[]string{deleted, "unpaid", "paid"}, "9900; 1"},
		{[]string{"unpaid", deleted, "paid", "all back", "paid"}, "9900; 1"},
		{[]string{deleted, "disputed", "paid"}, "0"},
		{[]string{deleted, "disputed", "paid", "won", "won", "paid, read later"}, "9900; 1"},
		{[]string{"disputed", deleted, "part back", "paid", "won"}, "9000; 1"},
		{[]string{deleted, "disputed", "paid", "lost", "won"}, "0"},
		{[]string{deleted, "disputed", "paid", "all back", "won"}, "0"},
		{[]string{deleted, "free", "free, read later"}, "0"},
		{[]string{"paid", deleted, "disputed", "won", "paid, read later"}, "0"},
		{[]string{"disputed", "paid", deleted, "won"}, "0"},
	} {
		t.Run(strings.Join(tc.told, ", "), func(t *testing.T) {
			t.Parallel()
			p := open(t)
			s, err := sell(t.Context(), p, "instrument", 9900)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range tc.told {
				if name == deleted {
					platformtest.Exec(t, p, `DELETE FROM users WHERE id = $1`, s.user)
				} else if out, err := s.settle(t.Context(), s.report(name)); err != nil || out.State != purchase.Settled {
					t.Fatalf("%s: %+v, %v", name, out, err)
				}
			}
			got := platformtest.Text(t, p, `SELECT concat_ws('; ', (SELECT amount FROM refunds WHERE reason = 'account_deleted'), (SELECT count(*) FROM outbox WHERE kind = 'refund-payment'))`)
			if got != tc.want {
				t.Errorf("to be given back, jobs: %s, want %s", got, tc.want)
			}
		})
	}
}
