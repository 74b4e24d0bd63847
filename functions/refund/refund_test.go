package refund_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/functions/account"
	"pilothandbook/functions/checkout"
	"pilothandbook/functions/refund"
	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/money"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// sold is a paid purchase with an operator at the desk.
type sold struct {
	p       *platform.Platform
	till    *platformtest.Till
	op, ana *platformtest.User
	session string // at Stripe
	payment string
	path    string
}

func sell(t testing.TB, module string) *sold {
	t.Helper()
	s := &sold{}
	s.p, s.till = platformtest.Shop(t)
	s.op, s.ana = platformtest.Operator(t, s.p), platformtest.Learner(t, s.p, "ana@example.com")
	s.buy(t, module, platformtest.Agreed(), "")
	return s
}

// buy buys something, with a promotion code unless that is "".
func (s *sold) buy(t testing.TB, what string, agreed map[string]bool, code string) {
	t.Helper()
	var to struct{ URL string }
	a := platformtest.Call(t, s.p, checkout.Routes(s.p), s.ana, "POST", "/checkout/"+what, agreed)
	if a.Into(t, &to); to.URL == "" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if code != "" {
		s.till.Enter(t, to.URL, code)
	}
	s.till.Pay(t, to.URL)
	s.deliver(t)
	s.session = to.URL[strings.LastIndex(to.URL, "/")+1:]
	s.payment = platformtest.Text(t, s.p, `SELECT stripe_payment_id FROM purchases`)
	s.path = "/admin/purchases/" + platformtest.Text(t, s.p, `SELECT id::text FROM purchases`) + "/refund"
}

// deliver brings all events that Stripe has, again and again.
func (s *sold) deliver(t testing.TB) {
	t.Helper()
	for _, event := range s.till.Events(t, s.p) {
		if a := platformtest.Send(t, s.p, stripehook.Routes(s.p), platformtest.SignedEvent(t, s.p, event)); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
}

func (s *sold) press(t testing.TB, who *platformtest.User, reason, amount string) platformtest.Answer {
	t.Helper()
	form := url.Values{"reason": {reason}, "amount": {amount}}
	return platformtest.Send(t, s.p, refund.Routes(s.p), platformtest.Form(t, who, s.path, form.Encode()))
}

// refunds returns how many Stripe has made.
func (s *sold) refunds(t testing.TB) (n int) {
	t.Helper()
	list := s.p.Stripe.Refunds.List(&stripe.RefundListParams{})
	for list.Next() {
		n++
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

const stands = `SELECT concat_ws(' ', (SELECT status FROM purchases), (SELECT count(*) FROM grants WHERE revoked_at IS NULL), (SELECT count(*) FROM refunds), (SELECT count(*) FROM outbox WHERE kind = 'refund-payment'))`

func TestRefund(t *testing.T) {
	t.Parallel()
	s := sell(t, "bundle")
	a, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path)
	if text := doc.Find("main").Text(); a.Status != 200 || doc.Find("main form button").Length() != 1 || !strings.Contains(text, "$149.00") || !strings.Contains(text, "ana@example.com") || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%d %s", a.Status, text)
	}
	for _, tc := range []struct{ name, reason, amount, field string }{
		{"no reason", "", "149.00", "reason"},
		{"an unknown reason", "duplicate", "149.00", "reason"},
		{"no amount", "requested", "", "amount"},
		{"another amount", "requested", "14.90", "amount"},
		{"a word", "requested", "yes\x00", "amount"},
	} {
		a := s.press(t, s.op, tc.reason, tc.amount)
		doc := platformtest.Parse(t, a.Body)
		if a.Status != http.StatusBadRequest || doc.Find("[aria-invalid]").Length() != 1 || doc.Find("#"+tc.field+"[aria-invalid]").Length() != 1 {
			t.Errorf("%s: %d", tc.name, a.Status)
		}
		if tc.name == "another amount" && (doc.Find("#amount").AttrOr("value", "") != tc.amount || doc.Find("option[selected]").AttrOr("value", "") != tc.reason) {
			t.Errorf("%s: what was typed is lost", tc.name)
		}
	}
	if got := platformtest.Text(t, s.p, stands); got != "completed 1 0 0" {
		t.Fatalf("before: %s", got)
	}
	if a := s.press(t, s.op, "requested", " $149.00 "); a.Status != http.StatusSeeOther || a.Header.Get("Location") != s.path+"?saved" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := platformtest.Text(t, s.p, stands); got != "completed 1 1 1" || s.refunds(t) != 0 {
		t.Errorf("once ordered: %s, %d refunds at Stripe", got, s.refunds(t))
	}
	if a, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path); a.Status != 200 || doc.Find("main form").Length() != 0 || !strings.Contains(doc.Find(".notice").Text(), "being given back") {
		t.Error("the page offers it again")
	}
	if err := money.New(s.p).Refund(t.Context(), job.RefundPayment{Payment: s.payment}); err != nil {
		t.Fatal(err)
	}
	if got := platformtest.Text(t, s.p, stands); got != "completed 1 1 1" || s.refunds(t) != 1 {
		t.Errorf("before Stripe tells: %s", got)
	}
	s.deliver(t)
	if got := platformtest.Text(t, s.p, stands); got != "refunded 0 1 1" {
		t.Errorf("once Stripe has told: %s", got)
	}
	if a := s.press(t, s.op, "requested", "149.00"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "All of this payment was given back") {
		t.Errorf("once more: %d", a.Status)
	}
	want := `refund ordered {"amount": 14900, "module": "bundle", "reason": "requested", "payment": "` + s.payment + `", "currency": "usd"} true`
	got := platformtest.Text(t, s.p, `SELECT string_agg(concat_ws(' ', action, detail - 'refund', (detail->>'refund' = (SELECT id::text FROM refunds))::text), '; ')
		FROM audit_log WHERE actor = $1 AND subject = 'user:' || $2::text`, s.op.ID, s.ana.ID)
	if got != want {
		t.Errorf("record %s", got)
	}
	if got := platformtest.Text(t, s.p, `SELECT count(*)::text FROM outbox WHERE kind = 'refund-notice'`); got != "1" {
		t.Errorf("%s mails", got)
	}
}

// Pressed often and at once, and the job run as often: one refund.
func TestTwice(t *testing.T) {
	t.Parallel()
	s := sell(t, "instrument")
	var all sync.WaitGroup
	var passed sync.Map
	for i := range 8 {
		all.Go(func() {
			a := s.press(t, s.op, "mistake", "99")
			if a.Status == http.StatusSeeOther {
				passed.Store(i, true)
			} else if a.Status != http.StatusConflict {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	n := 0
	passed.Range(func(any, any) bool { n++; return true })
	if got := platformtest.Text(t, s.p, stands); n != 1 || got != "completed 1 1 1" {
		t.Errorf("%d passed: %s", n, got)
	}
	for range 4 {
		all.Go(func() { _ = money.New(s.p).Refund(t.Context(), job.RefundPayment{Payment: s.payment}) }) // Stripe refuses copies under way
	}
	all.Wait()
	if err := money.New(s.p).Refund(t.Context(), job.RefundPayment{Payment: s.payment}); err != nil {
		t.Fatal(err)
	}
	s.deliver(t)
	if got := platformtest.Text(t, s.p, stands); s.refunds(t) != 1 || got != "refunded 0 1 1" {
		t.Errorf("%d refunds at Stripe: %s", s.refunds(t), got)
	}
	if got := platformtest.Text(t, s.p, `SELECT concat_ws(' ', (SELECT count(*) FROM audit_log), (SELECT sum(amount) FROM ledger WHERE kind = 'refund'))`); got != "1 9900" {
		t.Errorf("entries and books: %s", got)
	}
}

// What is left of a payment of which some was given back before.
func TestRest(t *testing.T) {
	t.Parallel()
	s := sell(t, "instrument")
	if _, err := s.p.Stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: &s.payment, Amount: stripe.Int64(900)}); err != nil {
		t.Fatal(err)
	}
	s.deliver(t)
	if a := s.press(t, s.op, "fault", "99.00"); a.Status != http.StatusBadRequest {
		t.Errorf("all of it: %d", a.Status)
	}
	if a := s.press(t, s.op, "fault", "90,00 USD"); a.Status != http.StatusSeeOther {
		t.Errorf("the rest: %d %s", a.Status, a.Body)
	}
	if err := money.New(s.p).Refund(t.Context(), job.RefundPayment{Payment: s.payment}); err != nil {
		t.Fatal(err)
	}
	s.deliver(t)
	if got := platformtest.Text(t, s.p, `SELECT concat_ws(' ', (SELECT status FROM purchases), (SELECT amount FROM refunds), (SELECT amount FROM ledger WHERE kind = 'refund'))`); got != "refunded 9000 9900" {
		t.Errorf("%s", got)
	}
}

func TestNothingToGive(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, sql, want string }{
		{"disputed", `INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at) SELECT stripe_payment_id, 'disputed', 'dp_1', amount, currency, now() FROM purchases`, "answer the dispute"},
		{"lost", `INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at) SELECT stripe_payment_id, 'dispute_lost', 'dp_1', amount, currency, now() FROM purchases`, "bank has taken this payment back"},
		{"pending", `UPDATE payment_facts SET kind = 'submitted'`, "has not sent this payment yet"},
		{"failed", `UPDATE payment_facts SET kind = 'failed'`, "Nothing is known to be paid"},
		{"found superfluous", `INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason) SELECT gen_random_uuid(), stripe_payment_id, module_type, amount, currency, 'duplicate' FROM purchases`, "is being given back"},
		{"told soon", `INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason, stripe_refund_id) SELECT gen_random_uuid(), stripe_payment_id, module_type, amount, currency, 'duplicate', 're_1' FROM purchases`, "Stripe has given this payment back"},
		{"refused by Stripe", `
			WITH asked AS (INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason) SELECT gen_random_uuid(), stripe_payment_id, module_type, amount, currency, 'requested' FROM purchases)
			INSERT INTO outbox (id, kind, queue, payload, state, error) SELECT gen_random_uuid(), 'refund-payment', 'money-queue', jsonb_build_object('payment', stripe_payment_id), 'dead', 'no money in the account' FROM purchases`, "handbook retry refund-payment"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := sell(t, "instrument")
			platformtest.Exec(t, s.p, tc.sql)
			_, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path)
			if text := doc.Find("main").Text(); !strings.Contains(text, tc.want) || doc.Find("main form").Length() != 0 || tc.name == "refused by Stripe" && !strings.Contains(text, "no money in the account") {
				t.Errorf("the page says %s", text)
			}
			if a := s.press(t, s.op, "requested", "99.00"); a.Status != http.StatusConflict || !strings.Contains(a.Body, tc.want) {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if got := platformtest.Text(t, s.p, `SELECT count(*)::text FROM audit_log`); got != "0" {
				t.Errorf("%s entries", got)
			}
		})
	}
}

// The payment of an account that is deleted is found in the books.
func TestDeletedAccount(t *testing.T) {
	t.Parallel()
	s := sell(t, "instrument")
	form := url.Values{"confirm": {"ana@example.com"}}
	if a := platformtest.Send(t, s.p, account.Routes(s.p), platformtest.Form(t, s.ana, "/account/delete", form.Encode())); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a, _ := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path); a.Status != http.StatusNotFound {
		t.Errorf("the purchase itself: %d", a.Status)
	}
	s.path = "/admin/purchases/" + platformtest.Text(t, s.p, `SELECT id::text FROM ledger WHERE kind = 'sale'`) + "/refund"
	if a, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path); a.Status != 200 || !strings.Contains(doc.Find("dl").Text(), "account that is deleted") {
		t.Errorf("the sale: %d %s", a.Status, a.Body)
	}
	if a := s.press(t, s.op, "requested", "99.00"); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if err := money.New(s.p).Refund(t.Context(), job.RefundPayment{Payment: s.payment}); err != nil {
		t.Fatal(err)
	}
	s.deliver(t)
	if got := platformtest.Text(t, s.p, `SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY kind DESC) FROM ledger`); got != "sale 9900, refund 9900" || s.refunds(t) != 1 {
		t.Errorf("books %s", got)
	}
	if got := platformtest.Text(t, s.p, `SELECT subject FROM audit_log WHERE action = 'refund ordered'`); got != "payment:"+s.payment {
		t.Errorf("the record is about %s", got)
	}
	if got := platformtest.Text(t, s.p, `SELECT address FROM mails WHERE cause = 'refund:' || $1`, s.payment); got != "ana@example.com" {
		t.Errorf("told at %q", got)
	}
	if a := s.press(t, s.op, "requested", "99.00"); a.Status != http.StatusConflict {
		t.Errorf("again: %d", a.Status)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := sell(t, "instrument")
	author := platformtest.Learner(t, s.p, "author@example.com")
	platformtest.Exec(t, s.p, `UPDATE users SET roles = '{author}' WHERE id = $1`, author.ID)
	for _, tc := range []struct {
		name   string
		who    *platformtest.User
		status int
		looks  int
	}{
		{"signed out", nil, 401, 303}, {"the buyer", s.ana, 403, 403}, {"an author", author, 403, 403},
	} {
		if a := s.press(t, tc.who, "requested", "99.00"); a.Status != tc.status {
			t.Errorf("%s: %d", tc.name, a.Status)
		}
		if a, _ := platformtest.Page(t, s.p, refund.Routes(s.p), tc.who, s.path); a.Status != tc.looks {
			t.Errorf("%s looks: %d", tc.name, a.Status)
		}
	}
	platformtest.Exec(t, s.p, `UPDATE sessions SET verified_at = now() - interval '16 minutes'`)
	if a := s.press(t, s.op, "requested", "99.00"); !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
		t.Errorf("signed in a while ago: %d", a.Status)
	}
	if _, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path); doc.Find("main form").Length() != 0 || doc.Find("main a[href^='/account/confirm']").Length() != 1 {
		t.Error("a stale session is offered what it may not do")
	}
	platformtest.Exec(t, s.p, `UPDATE sessions SET verified_at = now()`)
	for _, id := range []string{"x", uuid.NewString(), s.payment} {
		s.path = "/admin/purchases/" + id + "/refund"
		if a := s.press(t, s.op, "requested", "99.00"); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", id, a.Status)
		}
	}
	if got := platformtest.Text(t, s.p, stands); got != "completed 1 0 0" {
		t.Errorf("after all: %s", got)
	}
}

// What made something else cheaper is given back after that, or together with
// it: else the whole would be had for the difference.
func TestCredited(t *testing.T) {
	t.Parallel()
	s := sell(t, "private_commercial")
	var to struct{ URL string }
	platformtest.Call(t, s.p, checkout.Routes(s.p), s.ana, "POST", "/checkout/bundle", platformtest.Agreed()).Into(t, &to)
	session := to.URL[strings.LastIndex(to.URL, "/")+1:]
	for _, deed := range []pay.Deed{pay.PayLater, pay.Arrive} { // also while the money is under way
		s.till.Do(t, session, deed)
		s.deliver(t)
		if a := s.press(t, s.op, "requested", "79.00"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "The Whole Handbook") {
			t.Errorf("the part alone after %s: %d %s", deed, a.Status, a.Body)
		}
	}
	platformtest.Exec(t, s.p, `INSERT INTO grants (id, user_id, module_key, reason) VALUES (gen_random_uuid(), $1, 'private_commercial', 'given')`, s.ana.ID)
	if _, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path); doc.Find("main form").Length() != 1 {
		t.Error("refused, though they own it otherwise too")
	}
	platformtest.Exec(t, s.p, `DELETE FROM grants WHERE reason = 'given'`)
	part := s.path
	s.path = "/admin/purchases/" + platformtest.Text(t, s.p, `SELECT id::text FROM purchases WHERE module_type = 'bundle'`) + "/refund"
	if a := s.press(t, s.op, "requested", "70.00"); a.Status != http.StatusSeeOther {
		t.Errorf("the bundle: %d %s", a.Status, a.Body)
	}
	s.path = part
	if a := s.press(t, s.op, "requested", "79.00"); a.Status != http.StatusSeeOther {
		t.Errorf("then the part: %d %s", a.Status, a.Body)
	}
}

// TestGift says whose access goes with the money.
func TestGift(t *testing.T) {
	t.Parallel()
	s := &sold{}
	s.p, s.till = platformtest.Shop(t)
	s.op, s.ana = platformtest.Operator(t, s.p), platformtest.Learner(t, s.p, "ana@example.com")
	s.buy(t, "instrument", platformtest.AsGift(), "")
	says := func(want string) *goquery.Document {
		t.Helper()
		_, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path)
		if got := strings.Join(strings.Fields(doc.Find("main").Text()), " "); !strings.Contains(got, want) {
			t.Errorf("the page does not say %q: %s", want, got)
		}
		return doc
	}
	says("Its codeNot redeemed")
	ben := platformtest.Learner(t, s.p, "ben@example.com")
	platformtest.Exec(t, s.p, `UPDATE gifts SET redeemed_at = '2026-03-01 12:00:00Z'`)
	platformtest.Exec(t, s.p, `INSERT INTO grants (id, user_id, module_key, gift_id) SELECT gen_random_uuid(), $1, module_key, id FROM gifts`, ben.ID)
	doc := says("Its codeRedeemed on 1 March 2026 by ben@example.com")
	if doc.Find(`dl a[href="/admin/people/`+ben.ID.String()+`"]`).Length() != 1 {
		t.Error("no way to the reader")
	}
	says("closes to ben@example.com")
	platformtest.Exec(t, s.p, `DELETE FROM grants`)
	says("Redeemed on 1 March 2026 by an account that is deleted")
}
