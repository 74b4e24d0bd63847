package purchase_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
	"pgregory.net/rapid"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestSettle(t *testing.T) {
	t.Parallel()

	p := open(t)
	const opened = "private_commercial"
	for _, tc := range []struct {
		name, reports string
		status, opens string
		told          int
		ledger        string
	}{
		{"waits for the money", "unpaid", "pending", "", 0, ""},
		{"paid", "paid", "completed", opened, 1, "sale 7900"},
		{"paid after waiting", "unpaid; paid; paid", "completed", opened, 1, "sale 7900"},
		{"part back keeps it", "paid; part back; more back", "completed", opened, 1, "sale 7900, refund 1900"},
		{"all back takes it", "paid; part back; all back", "refunded", "", 1, "sale 7900, refund 7900"},
		{"refunded before it is completed", "all back; paid", "refunded", "", 0, "sale 7900, refund 7900"},
		{"a refund alone", "all back", "", "", 0, ""},
		{"the money does not come", "unpaid; failed; unpaid", "", "", 0, ""},
		{"it is told to have failed first", "failed; unpaid", "", "", 0, ""},
		{"it comes after all", "unpaid; failed; paid", "completed", opened, 1, "sale 7900"},
		{"disputed", "paid; disputed", "completed", "", 1, "sale 7900"},
		{"disputed, then won", "paid; disputed; under review; won; disputed", "completed", opened, 1, "sale 7900"},
		{"disputed, then lost", "paid; disputed; lost", "refunded", "", 1, "sale 7900, dispute 7900"},
		{"told both ways", "paid; lost; won", "refunded", "", 1, "sale 7900, dispute 7900"},
		{"disputed twice, won once", "paid; disputed; disputed again; won", "completed", "", 1, "sale 7900"},
		{"disputed twice, won twice", "paid; disputed; disputed again; won; won again", "completed", opened, 1, "sale 7900"},
		{"refunded and then won", "paid; disputed; all back; won", "refunded", "", 1, "sale 7900, refund 7900"},
		{"disputed before it is completed", "disputed; paid", "completed", "", 1, "sale 7900"},
		{"withdrawn, though it was paid", "paid; withdrawn", "completed", opened, 1, "sale 7900"},
		{"lost before it is completed", "lost; paid", "refunded", "", 0, "sale 7900, dispute 7900"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s, err := sell(ctx, p, opened, 7900)
			if err != nil {
				t.Fatal(err)
			}
			for name := range strings.SplitSeq(tc.reports, "; ") {
				if out, err := s.settle(ctx, s.report(name)); err != nil || out.State != purchase.Settled || out.User != s.user && out.User != uuid.Nil {
					t.Fatalf("%s: %+v, %v", name, out, err)
				}
			}
			var status, ledger string
			err = p.DB.QueryRow(ctx, `
				SELECT coalesce((SELECT status FROM purchases WHERE user_id = $1), ''),
				       coalesce((SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY kind DESC) FROM ledger WHERE stripe_payment_id = $2), '')`,
				s.user, s.id("pi")).Scan(&status, &ledger)
			told, err2 := s.told(ctx)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if status != tc.status || s.opens(t) != tc.opens || told != tc.told || ledger != tc.ledger {
				t.Errorf("%q, opens %q, told %d, ledger %q", status, s.opens(t), told, ledger)
			}
		})
	}
}

// everything is what Stripe may tell about one payment.
var everything = []string{"unpaid", "failed", "paid", "paid, read later", "part back", "more back", "all back",
	"disputed", "under review", "won", "lost", "disputed again", "won again", "withdrawn"}

// TestAnyOrder tells the same set in any order, with repeats, some at once.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	anyOrder(t, everything)
}

// TestAnyOrderOfFree does so with what may be told of a payment of nothing.
func TestAnyOrderOfFree(t *testing.T) {
	t.Parallel()
	anyOrder(t, []string{"free", "free, read later", "free, withdrawn", "free, withdrawn by another"})
}

func anyOrder(t *testing.T, everything []string) {
	p := open(t)
	ctx := t.Context()
	known := map[string]string{} // by set
	rapid.Check(t, func(rt *rapid.T) {
		set := rapid.SliceOfNDistinct(rapid.SampledFrom(everything), 1, min(5, len(everything)), rapid.ID[string]).Draw(rt, "set")
		story := append(slices.Clone(set), rapid.SliceOfN(rapid.SampledFrom(set), 0, 3).Draw(rt, "repeats")...)
		story = rapid.Permutation(story).Draw(rt, "order")
		got := tell(ctx, rt, p, story, rapid.IntRange(1, 3).Draw(rt, "at once"))
		key := strings.Join(slices.Sorted(slices.Values(set)), "; ")
		want, ok := known[key]
		if !ok {
			slices.SortFunc(set, func(a, b string) int { return slices.Index(everything, a) - slices.Index(everything, b) })
			want = tell(ctx, rt, p, set, 1)
			known[key] = want
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%q differs from the order in which it happened:\n%s", story, diff)
		}
	})
}

// TestAtOnce has the webhook, its repeats and the return page settle one
// payment at the same moment.
func TestAtOnce(t *testing.T) {
	t.Parallel()

	p := open(t)
	ctx := t.Context()
	for range 10 {
		s, err := sell(ctx, p, "bundle", 14900)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				name := []string{"paid", "paid, read later", "unpaid", "part back"}[i%4]
				if out, err := s.settle(ctx, s.report(name)); err != nil || out.State != purchase.Settled {
					t.Errorf("%s: %+v, %v", name, out, err)
				}
			})
		}
		all.Wait()
		told, err := s.told(ctx)
		if got := s.opens(t); err != nil || told != 1 || got != "bundle instrument private_commercial" {
			t.Errorf("told %d (%v), opens %q", told, err, got)
		}
	}
}

// TestInquiry: a bank that only asks takes nothing.
func TestInquiry(t *testing.T) {
	t.Parallel()

	s, err := sell(t.Context(), open(t), "instrument", 9900)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"inquiry", "paid", "inquiry", "inquiry closed"} {
		want := purchase.Ignored
		if name == "paid" {
			want = purchase.Settled
		}
		if out, err := s.settle(t.Context(), s.report(name)); err != nil || out.State != want {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if got := s.opens(t); got != "instrument" {
		t.Errorf("opens %q", got)
	}
	_, err = purchase.FromDispute(&stripe.Dispute{ID: "dp", Status: "odd", PaymentIntent: &stripe.PaymentIntent{ID: "pi"}}, noon)
	if err == nil {
		t.Error("an unknown status is taken")
	}
	none, err := purchase.FromDispute(&stripe.Dispute{ID: "dp", Status: stripe.DisputeStatusLost}, noon)
	if out, err2 := s.settle(t.Context(), none); err != nil || err2 != nil || out.State != purchase.Ignored {
		t.Errorf("a dispute without a payment intent: %+v, %v, %v", out, err, err2)
	}
}

// TestFailureFreesTheBuyer: who could not pay may buy again.
func TestFailureFreesTheBuyer(t *testing.T) {
	t.Parallel()

	s, err := sell(t.Context(), open(t), "instrument", 9900)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"unpaid", "failed"} {
		if _, err := s.settle(t.Context(), s.report(name)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := s.rows(t.Context())
	if err != nil || !strings.HasPrefix(rows, "expired cs_\nfact failed 9900") || strings.Contains(rows, "purchase") {
		t.Errorf("%q, %v", rows, err)
	}
	again := &sale{p: s.p, user: s.user, checkout: uuid.New(), module: s.module, price: s.price}
	if err := again.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := again.settle(t.Context(), again.report("paid")); err != nil || again.opens(t) != "instrument" {
		t.Errorf("opens %q, %v", again.opens(t), err)
	}
}

func TestNothingToPay(t *testing.T) {
	t.Parallel()

	s, err := sell(t.Context(), open(t), "instrument", 9900)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.settle(t.Context(), s.report("free"))
	var payment string
	var amount int
	if err := s.p.DB.QueryRow(t.Context(), `SELECT stripe_payment_id, amount FROM purchases`).Scan(&payment, &amount); err != nil {
		t.Fatal(err)
	}
	if err != nil || out.State != purchase.Settled || payment != s.id("cs") || amount != 0 || s.opens(t) != "instrument" {
		t.Errorf("%+v, %v; payment %q of %d opens %q", out, err, payment, amount, s.opens(t))
	}
}

// TestWithdrawn takes back what was had for nothing, and lets it be had again.
func TestWithdrawn(t *testing.T) {
	t.Parallel()

	s, err := sell(t.Context(), open(t), "bundle", 14900)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"free", "free, withdrawn", "free, read later", "free, withdrawn by another"} {
		if out, err := s.settle(t.Context(), s.report(name)); err != nil || out.State != purchase.Settled || out.User != s.user {
			t.Fatalf("%s: %+v, %v", name, out, err)
		}
	}
	rows, err := s.rows(t.Context())
	const want = "complete cs_\nfact paid 0 2026-03-01 12:00:02\nfact withdrawn 0 2026-03-01 12:00:17\nfact withdrawn 0 2026-03-01 12:00:18\n" +
		"purchase bundle 0 usd refunded 2026-03-01 12:00:02\ngrant bundle 2026-03-01 12:00:02 2026-03-01 12:00:17\nledger sale bundle 0 usd 2026-03-01 12:00:02"
	if err != nil || rows != want {
		t.Errorf("%v\n%s\nwant\n%s", err, rows, want)
	}
	live := purchase.Withdrawal(s.id("cs"), "usd", true, s.user, noon)
	if out, err := s.settle(t.Context(), live); err != nil || out.State != purchase.Quarantined {
		t.Errorf("of another mode: %+v, %v", out, err)
	}
	again := &sale{p: s.p, user: s.user, checkout: uuid.New(), module: s.module, price: s.price}
	if err := again.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := again.settle(t.Context(), again.report("free")); err != nil || again.opens(t) != "bundle instrument private_commercial" {
		t.Errorf("opens %q, %v", again.opens(t), err)
	}
}

func TestExpiredSessionClosesCheckout(t *testing.T) {
	t.Parallel()

	s, err := sell(t.Context(), open(t), "instrument", 9900)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		status stripe.CheckoutSessionStatus
		want   string
	}{
		{stripe.CheckoutSessionStatusOpen, "open cs_"},
		{stripe.CheckoutSessionStatusExpired, "expired cs_"},
		{stripe.CheckoutSessionStatusComplete, "complete cs_"}, // paid in its last second
		{stripe.CheckoutSessionStatusExpired, "complete cs_"},
	} {
		status := stripe.CheckoutSessionPaymentStatusUnpaid
		if step.status == stripe.CheckoutSessionStatusComplete {
			status = stripe.CheckoutSessionPaymentStatusPaid
		}
		r := purchase.FromSession(s.session(status, func(c *stripe.CheckoutSession) { c.Status = step.status }), noon)
		if out, err := s.settle(t.Context(), r); err != nil || out.State != purchase.Settled {
			t.Fatalf("%s: %+v, %v", step.status, out, err)
		}
		rows, err := s.rows(t.Context())
		if got, _, _ := strings.Cut(rows, "\n"); err != nil || got != step.want {
			t.Errorf("%s: checkout %q, %v; want %q", step.status, got, err, step.want)
		}
	}
}

func TestDeletedAccount(t *testing.T) {
	t.Parallel()

	p := open(t)
	for _, tc := range []struct{ name, before, after, state, ledger string }{
		{"pays late", "", "paid", purchase.Settled, "sale 9900"},
		{"is refunded", "paid", "all back", purchase.Settled, "sale 9900, refund 9900"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s, err := sell(ctx, p, "instrument", 9900)
			if err != nil {
				t.Fatal(err)
			}
			if tc.before != "" {
				_, err = s.settle(ctx, s.report(tc.before))
			}
			if _, err2 := p.DB.Exec(ctx, `DELETE FROM users WHERE id = $1`, s.user); err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			out, err := s.settle(ctx, s.report(tc.after))
			if err != nil || out.State != tc.state {
				t.Errorf("%+v, %v", out, err)
			}
			var ledger string
			err = p.DB.QueryRow(ctx, `
				SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY kind DESC)
				FROM ledger
				WHERE stripe_payment_id = $1`, s.id("pi")).Scan(&ledger)
			if err != nil || ledger != tc.ledger {
				t.Errorf("ledger %q, %v", ledger, err)
			}
		})
	}
}

// tell sells, settles a story by so many callers at once, and returns the rows.
func tell(ctx context.Context, t *rapid.T, p *platform.Platform, story []string, callers int) string {
	s, err := sell(ctx, p, "private_commercial", 7900)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := c; i < len(story); i += callers {
				if out, err := s.settle(ctx, s.report(story[i])); err != nil || out.State != purchase.Settled {
					t.Errorf("%s: %+v, %v", story[i], out, err)
				}
			}
		})
	}
	all.Wait()
	told, err := s.told(ctx)
	if err != nil || told > 1 {
		t.Fatalf("told %d times, %v", told, err)
	}
	rows, err := s.rows(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestFailedIsTold: the buyer hears once that the money will not come, whoever
// tells it and how often, and a deleted account does not.
func TestFailedIsTold(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, tc := range []struct {
		told []string
		want string
	}{
		{[]string{"unpaid", "failed", "failed", "unpaid"}, "1"},
		{[]string{"failed", "unpaid"}, "1"},
		{[]string{"paid", "failed"}, "0"},
		{[]string{"unpaid"}, "0"},
	} {
		s, err := sell(t.Context(), p, "instrument", 9900)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tc.told {
			if out, err := s.settle(t.Context(), s.report(name)); err != nil || out.State != purchase.Settled {
				t.Fatalf("%s: %+v, %v", name, out, err)
			}
		}
		if got := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox WHERE kind = 'payment-failed' AND payload ->> 'checkout' = $1`, s.checkout.String()); got != tc.want {
			t.Errorf("%v: told %s times, want %s", tc.told, got, tc.want)
		}
	}
}
