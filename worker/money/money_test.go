package money_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/redeem"
	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/money"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// open begins a purchase and returns where it is paid.
func open(t testing.TB, p *platform.Platform, who *platformtest.User, module string) string {
	t.Helper()
	got := platformtest.Call(t, p, checkout.Routes(p), who, "POST", "/checkout/"+module, platformtest.Agreed())
	var to struct{ URL string }
	got.Into(t, &to)
	if to.URL == "" {
		t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	return to.URL
}

// deliver brings all events that Stripe has, again and again.
func deliver(t testing.TB, p *platform.Platform, till *platformtest.Till) {
	t.Helper()
	for _, event := range till.Events(t, p) {
		got := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event))
		if got.Status != 200 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
}

const books = `
	SELECT concat_ws('; ',
		(SELECT string_agg(module_type || ' ' || status, ', ' ORDER BY module_type, status) FROM purchases),
		(SELECT string_agg(DISTINCT o, ' ') FROM grants g, opened_by(g.module_key) o WHERE revoked_at IS NULL),
		(SELECT sum(amount) FILTER (WHERE kind = 'sale') - coalesce(sum(amount) FILTER (WHERE kind <> 'sale'), 0) FROM ledger))`

// TestPaidTwice has two pages open at once and pays both, in either order.
func TestPaidTwice(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ first, second, want string }{
		{"instrument", "bundle", "bundle completed, instrument refunded; bundle instrument private_commercial; 14900"},
		{"bundle", "instrument", "bundle completed, instrument refunded; bundle instrument private_commercial; 14900"},
		{"instrument", "instrument", "instrument completed, instrument refunded; instrument; 9900"},
		{"bundle", "bundle", "bundle completed, bundle refunded; bundle instrument private_commercial; 14900"},
	} {
		t.Run(tc.first+" and "+tc.second, func(t *testing.T) {
			t.Parallel()
			p, till := platformtest.Shop(t)
			ana := platformtest.Learner(t, p, "ana@example.com")
			one := open(t, p, ana, tc.first)
			if tc.first == tc.second { // as if its row had been lost to us while the page stayed open
				if _, err := p.DB.Exec(t.Context(), `UPDATE checkouts SET state = 'expired'`); err != nil {
					t.Fatal(err)
				}
			}
			two := open(t, p, ana, tc.second)
			till.Pay(t, one)
			till.Pay(t, two)
			deliver(t, p, till)
			if got := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox WHERE kind = 'refund-payment'`); got != "1" {
				t.Fatalf("%s refunds", got)
			}
			payment := platformtest.Text(t, p, `SELECT payload ->> 'payment' FROM outbox WHERE kind = 'refund-payment'`)
			for range 3 {
				if err := money.New(p).Refund(t.Context(), job.RefundPayment{Payment: payment}); err != nil {
					t.Fatal(err)
				}
				deliver(t, p, till)
			}
			if got := platformtest.Text(t, p, books); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got := platformtest.Text(t, p, `SELECT string_agg(kind, ' ' ORDER BY kind) FROM outbox WHERE kind <> 'welcome-email'`); got != "purchase-confirmation refund-notice refund-payment" &&
				(tc.first != "instrument" || tc.second != "bundle" || got != "purchase-confirmation purchase-confirmation refund-notice refund-payment") {
				t.Errorf("jobs %s", got)
			}
		})
	}
}

// twice has somebody pay for a module and its bundle, and returns the module's
// session, whose payment is to be given back.
func twice(t *testing.T, p *platform.Platform, till *platformtest.Till) (a job.RefundPayment, session string) {
	t.Helper()
	ana := platformtest.Learner(t, p, "ana@example.com")
	one, two := open(t, p, ana, "instrument"), open(t, p, ana, "bundle")
	till.Pay(t, one)
	till.Pay(t, two)
	deliver(t, p, till)
	return job.RefundPayment{Payment: platformtest.Text(t, p, `SELECT stripe_payment_id FROM refunds`)}, one[strings.LastIndex(one, "/")+1:]
}

// given returns as what Stripe knows the one refund, how often it was refused
// before, and how much of the books went back once Stripe has told of it.
func given(t *testing.T, p *platform.Platform, till *platformtest.Till) string {
	t.Helper()
	deliver(t, p, till)
	return platformtest.Text(t, p, `SELECT concat_ws(' ', left(stripe_refund_id, 3), refused, (SELECT sum(amount) FROM ledger WHERE kind = 'refund')) FROM refunds`)
}

// TestRefundInBuyersCurrency: whoever paid in their own currency is told of what
// they paid in the currency of the price.
func TestRefundInBuyersCurrency(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	a, _ := twice(t, p, till)
	meddle(t, p, func(path string, body []byte) []byte {
		if strings.HasSuffix(path, "/refunds") {
			return []byte(strings.NewReplacer(`"usd"`, `"cad"`, `9900`, `13599`).Replace(string(body)))
		}
		return body
	})
	if err := money.New(p).Refund(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got := platformtest.Text(t, p, `SELECT amount || ' ' || currency || ' ' || (stripe_refund_id IS NOT NULL) FROM refunds`); got != "9900 usd true" {
		t.Errorf("given back: %s", got)
	}
}

// TestAnswerLost: Stripe did it, but nobody heard. Whoever asks again with the
// same key hears it, and who does so when Stripe has forgotten the key that
// nothing is left to give.
func TestAnswerLost(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	a, _ := twice(t, p, till)
	for _, away := range []*atomic.Bool{&till.Down, &till.Lost} {
		away.Store(true)
		if err := money.New(p).Refund(t.Context(), a); err == nil {
			t.Fatal("a refund without Stripe")
		}
		away.Store(false)
	}
	if err := money.New(p).Refund(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got := given(t, p, till); got != "re_ 0 9900" {
		t.Errorf("given back: %s", got)
	}
	platformtest.Exec(t, p, `UPDATE refunds SET stripe_refund_id = NULL`)
	if err := till.Stripe.Age(25 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := money.New(p).Refund(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got := given(t, p, till); got != "alr 0 9900" {
		t.Errorf("given back: %s", got)
	}
	if err := money.New(p).Refund(t.Context(), job.RefundPayment{Payment: "pi_0"}); err == nil || !strings.Contains(err.Error(), "nobody asked") {
		t.Errorf("a refund that nobody asked for: %v", err)
	}
}

// TestRefused: what Stripe refuses, or fails at, can be tried again before it
// has forgotten that.
func TestRefused(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name            string
		before, between func(t *testing.T, till *platformtest.Till, session string)
		want            string
	}{
		{"while it is disputed",
			func(t *testing.T, till *platformtest.Till, session string) { till.Do(t, session, pay.Dispute) },
			func(t *testing.T, till *platformtest.Till, session string) { till.Do(t, session, pay.Win) }, "re_ 1 9900"},
		{"a failure", func(_ *testing.T, till *platformtest.Till, _ string) { till.Stripe.Fail("POST /v1/refunds", false) }, nil, "re_ 1 9900"},
		{"a failure after it was done", func(_ *testing.T, till *platformtest.Till, _ string) { till.Stripe.Fail("POST /v1/refunds", true) }, nil, "alr 1 9900"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, till := platformtest.Shop(t)
			a, session := twice(t, p, till)
			tc.before(t, till, session)
			if err := money.New(p).Refund(t.Context(), a); err == nil {
				t.Fatal("Stripe gave it back")
			}
			if tc.between != nil {
				tc.between(t, till, session)
			}
			for range 2 {
				if err := money.New(p).Refund(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			if got := given(t, p, till); got != tc.want {
				t.Errorf("given back: %s, want %s", got, tc.want)
			}
		})
	}
}

// TestDeletedAccount pays after the account is gone.
func TestDeletedAccount(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	url := open(t, p, ana, "instrument")
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM users`); err != nil {
		t.Fatal(err)
	}
	till.Pay(t, url)
	deliver(t, p, till)
	payment := platformtest.Text(t, p, `SELECT stripe_payment_id FROM refunds WHERE reason = 'account_deleted'`)
	for range 2 {
		if err := money.New(p).Refund(t.Context(), job.RefundPayment{Payment: payment}); err != nil {
			t.Fatal(err)
		}
		deliver(t, p, till)
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', cause, address, state) FROM mails`); got != "refund:"+payment+" ana@example.com pending" {
		t.Errorf("mail %q", got)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY kind DESC) FROM ledger`); got != "sale 9900, refund 9900" {
		t.Errorf("ledger %q", got)
	}
}

// TestToldWithoutAccount: who deletes their account before a payment is given
// back is told where Stripe knows them, whyever it is.
func TestToldWithoutAccount(t *testing.T) {
	t.Parallel()

	for _, reason := range []string{"requested", "duplicate"} {
		p, till := platformtest.Shop(t)
		a, _ := twice(t, p, till)
		platformtest.Exec(t, p, `UPDATE refunds SET reason = $1`, reason)
		platformtest.Exec(t, p, `DELETE FROM users`)
		for range 2 {
			if err := money.New(p).Refund(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		if got := platformtest.Text(t, p, `SELECT coalesce(string_agg(concat_ws(' ', cause, address), ', '), '') FROM mails WHERE kind = 'refund-notice'`); got != "refund:"+a.Payment+" ana@example.com" {
			t.Errorf("%s: the mails are %q", reason, got)
		}
	}
}

// dump returns all rows of all tables.
func dump(t testing.TB, p *platform.Platform) string {
	t.Helper()
	return platformtest.Text(t, p, `
		SELECT string_agg(tablename || query_to_xml('SELECT * FROM ' || quote_ident(tablename) || ' AS x ORDER BY x::text', true, false, '')::text, E'\n' ORDER BY tablename)
		FROM pg_tables
		WHERE schemaname = 'public'`)
}

// What the webhook did not bring is counted where the job runs.
func TestMissed(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	lists(t, p, till)
	till.Pay(t, open(t, p, platformtest.Learner(t, p, "ana@example.com"), "instrument"))
	for range 2 {
		if err := money.New(p).Reconciled(t.Context(), job.Reconcile{}); err != nil {
			t.Fatal(err)
		}
		if got := platformtest.Metrics(t, p); !strings.Contains(got, "\nhandbook_reconcile_missed_total 1\n") {
			t.Errorf("got %s", got)
		}
	}
}

// TestReconcile has no webhook at all, and the first buyer waits for an hour.
func TestReconcile(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	fake := lists(t, p, till)
	ana := platformtest.Learner(t, p, "ana@example.com")
	first := open(t, p, ana, "instrument")
	till.Pay(t, first)
	clock := p.Now
	p.Now = func() time.Time { return clock().Add(time.Hour) }
	f := reconcile(t, p)
	p.Now = clock
	if f.Missed != 1 || f.Gap || platformtest.Text(t, p, books) != "instrument completed; instrument; 9900" {
		t.Errorf("%+v: %s", f, platformtest.Text(t, p, books))
	}
	before := dump(t, p)
	if f := reconcile(t, p); f.Missed != 0 || f.Settled != 0 {
		t.Errorf("a second time: %+v", f)
	}
	if dump(t, p) != before {
		t.Error("a second time wrote something")
	}
	fake.empty.Store(true) // Stripe has forgotten
	second := open(t, p, ana, "private_commercial")
	till.Pay(t, second)
	till.Refund(t, first[strings.LastIndex(first, "/")+1:])
	if f := reconcile(t, p); f.Settled != 1 || platformtest.Text(t, p, books) != "instrument completed, private_commercial completed; instrument private_commercial; 17800" {
		t.Errorf("from sessions: %+v: %s", f, platformtest.Text(t, p, books))
	}
	for series, want := range map[string]float64{`bucket{le="1800"}`: 1, `bucket{le="10800"}`: 2} {
		if n := platformtest.Metric(t, p, "handbook_webhook_to_access_seconds_"+series); n != want {
			t.Errorf("%s has %v sales that opened access, want %v", series, n, want)
		}
	}
	disputed := second[strings.LastIndex(second, "/")+1:]
	till.Do(t, disputed, pay.Dispute)
	till.Do(t, disputed, pay.Lose)
	now := p.Now
	p.Now = func() time.Time { return now().Add(31 * 24 * time.Hour) }
	var said strings.Builder
	f, err := money.New(p).Reconcile(t.Context(), func(format string, args ...any) { fmt.Fprintf(&said, format, args...) })
	if err != nil || !f.Gap || !strings.Contains(said.String(), "were never compared") {
		t.Errorf("after a month: %+v, %v, said %q", f, err, said.String())
	}
	if got := platformtest.Text(t, p, books); got != "instrument refunded, private_commercial refunded; 0" {
		t.Errorf("after a month: %s", got)
	}
	before = dump(t, p)
	if f := reconcile(t, p); f.Gap || dump(t, p) != before {
		t.Errorf("a second time after a month: %+v", f)
	}
	if err := money.New(p).Reconciled(context.WithoutCancel(t.Context()), job.Reconcile{}); err != nil {
		t.Error(err)
	}
}

// TestGapOfDeletedGiver: a gift outlives its giver's account, but not its
// refund, though nobody was told of that.
func TestGapOfDeletedGiver(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	fake := lists(t, p, till)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.AsGift()).Into(t, &to)
	till.Pay(t, to.URL)
	reconcile(t, p)
	_, order := platformtest.Page(t, p, orders.Routes(p), ana, platformtest.Text(t, p, `SELECT '/orders/' || id FROM checkouts`))
	code := url.Values{"code": {order.Find(".code").Text()}}.Encode()
	if got := platformtest.Send(t, p, redeem.Routes(p), platformtest.Form(t, ben, "/redeem", code)); got.Status >= 400 {
		t.Fatal(got.Status)
	}
	platformtest.Exec(t, p, `DELETE FROM users WHERE id = $1`, ana.ID)
	platformtest.Exec(t, p, `UPDATE checkouts SET expires_at = expires_at - interval '1 year'`)
	fake.empty.Store(true)
	gap := func(settled int, want string) {
		t.Helper()
		platformtest.Exec(t, p, `UPDATE reconciled SET created = created - interval '31 days'`)
		if f := reconcile(t, p); !f.Gap || f.Settled != settled {
			t.Errorf("%+v, want %d settled", f, settled)
		}
		if got := platformtest.Text(t, p, books); got != want {
			t.Errorf("the books have %s, want %s", got, want)
		}
	}
	gap(0, "instrument; 9900")
	till.Refund(t, to.URL[strings.LastIndex(to.URL, "/")+1:])
	gap(1, "0")
	gap(0, "0")
}

// TestSessionWaits: a session that does not agree with what was sold is read
// again and again, and nothing that the webhook has not brought.
func TestSessionWaits(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	lists(t, p, till).empty.Store(true)
	till.Pay(t, open(t, p, platformtest.Learner(t, p, "ana@example.com"), "instrument"))
	platformtest.Exec(t, p, `UPDATE checkouts SET amount = 100`)
	for range 2 {
		if f := reconcile(t, p); f.Sessions != 1 || f.Settled != 0 || f.Waiting != 1 {
			t.Errorf("%+v", f)
		}
	}
	platformtest.Exec(t, p, `UPDATE checkouts SET amount = 9900`)
	for _, settled := range []int{1, 0} {
		if f := reconcile(t, p); f.Settled != settled || f.Waiting != 0 {
			t.Errorf("once it agrees: %+v, want %d", f, settled)
		}
	}
}

func reconcile(t testing.TB, p *platform.Platform) money.Findings {
	t.Helper()
	f, err := money.New(p).Reconcile(t.Context(), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	return f
}
