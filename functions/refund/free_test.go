package refund_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pilothandbook/functions/orders"
	"pilothandbook/functions/people"
	"pilothandbook/functions/redeem"
	"pilothandbook/functions/refund"
	"pilothandbook/platform/platformtest"
)

// free is a purchase of nothing, had with a promotion code.
func free(t testing.TB, what string, agreed map[string]bool) *sold {
	t.Helper()
	s := &sold{}
	s.p, s.till = platformtest.Shop(t)
	s.op, s.ana = platformtest.Operator(t, s.p), platformtest.Learner(t, s.p, "ana@example.com")
	platformtest.Promote(t, s.p, "FLY", 100)
	s.buy(t, what, agreed, "FLY")
	return s
}

const order = `SELECT '/orders/' || checkout_id FROM purchases`

// TestFree takes back what was had for nothing.
func TestFree(t *testing.T) {
	t.Parallel()
	s := free(t, "bundle", platformtest.Agreed())
	if got := platformtest.Text(t, s.p, `SELECT concat_ws(' ', amount, stripe_payment_id = $1) FROM purchases`, s.session); got != "0 t" {
		t.Fatalf("bought: %s", got)
	}
	_, doc := platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path)
	if text := doc.Find("main").Text(); doc.Find("h1").Text() != "Take a free order back" || doc.Find("#amount").Length() != 0 || doc.Find("main button").Text() != "Take it back" || strings.Contains(text, "$") || strings.Contains(text, "Stripe") {
		t.Errorf("the page says %s", text)
	}
	if a := s.press(t, s.op, "", ""); a.Status != http.StatusBadRequest || platformtest.Parse(t, a.Body).Find("#reason[aria-invalid]").Length() != 1 {
		t.Errorf("no reason: %d", a.Status)
	}
	var all sync.WaitGroup
	var passed atomic.Int32
	for range 8 {
		all.Go(func() {
			switch a := s.press(t, s.op, "mistake", ""); {
			case a.Status == http.StatusSeeOther:
				passed.Add(1)
			case a.Status != http.StatusConflict || !strings.Contains(a.Body, "This was taken back on"):
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	if got := platformtest.Text(t, s.p, stands); passed.Load() != 1 || got != "refunded 0 0 0" || s.refunds(t) != 0 {
		t.Errorf("%d passed: %s, %d refunds at Stripe", passed.Load(), got, s.refunds(t))
	}
	s.deliver(t) // what Stripe told before changes nothing
	if got := platformtest.Text(t, s.p, stands); got != "refunded 0 0 0" {
		t.Errorf("told again: %s", got)
	}
	want := `free order taken back {"module": "bundle", "reason": "mistake", "payment": "` + s.payment + `"} 1`
	got := platformtest.Text(t, s.p, `SELECT string_agg(concat_ws(' ', action, detail, (SELECT count(*) FROM outbox WHERE kind = 'refund-notice' AND payload ->> 'payment' = $3)), '; ')
		FROM audit_log WHERE actor = $1 AND subject = 'user:' || $2::text`, s.op.ID, s.ana.ID, s.payment)
	if got != want {
		t.Errorf("record %s", got)
	}
	_, doc = platformtest.Page(t, s.p, refund.Routes(s.p), s.op, s.path+"?saved")
	if doc.Find("main form").Length() != 0 || !strings.Contains(doc.Find("[role=status]").Text(), "It is taken back, and a mail tells them.") {
		t.Errorf("the page says %s", doc.Find("main").Text())
	}
	_, doc = platformtest.Page(t, s.p, orders.Routes(s.p), s.ana, platformtest.Text(t, s.p, order))
	if said := doc.Find("main").Text(); doc.Find("h1").Text() != "This order was taken back" || strings.Contains(said, "$0.00") {
		t.Errorf("the order says %s", said)
	}
	_, doc = platformtest.Page(t, s.p, people.Routes(s.p), s.op, "/admin/people/"+s.ana.ID.String())
	if said := doc.Find("main").Text(); !strings.Contains(said, "The free order of The Whole Handbook was taken back by an operator.") || !strings.Contains(said, s.op.ID.String()) || strings.Contains(said, "Paid") {
		t.Errorf("its buyer's page says %s", said)
	}
}

// TestFreeGift takes back a code that was had for nothing, before and after
// somebody has redeemed it.
func TestFreeGift(t *testing.T) {
	t.Parallel()
	for _, redeemed := range []bool{false, true} {
		s := free(t, "instrument", platformtest.AsGift())
		ben := platformtest.Learner(t, s.p, "ben@example.com")
		_, doc := platformtest.Page(t, s.p, orders.Routes(s.p), s.ana, platformtest.Text(t, s.p, order))
		form := url.Values{"code": {doc.Find(".code").Text()}}.Encode()
		enter := func(who *platformtest.User) int {
			return platformtest.Send(t, s.p, redeem.Routes(s.p), platformtest.Form(t, who, "/redeem", form)).Status
		}
		if redeemed && enter(ben) != http.StatusSeeOther {
			t.Fatal("the code does not count")
		}
		if a := s.press(t, s.op, "requested", ""); a.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		if got := platformtest.Text(t, s.p, `SELECT concat_ws(' ', status, (SELECT count(*) FROM grants WHERE revoked_at IS NULL), (SELECT count(*) FROM gifts WHERE voided_at IS NULL)) FROM purchases`); got != "refunded 0 0" {
			t.Errorf("redeemed %t: %s", redeemed, got)
		}
		if got := platformtest.Text(t, s.p, `SELECT count(*)::text FROM outbox WHERE kind = 'gift-closed' AND payload ->> 'payment' = $1`, s.payment); got != "1" {
			t.Errorf("redeemed %t: %s jobs to tell the reader", redeemed, got)
		}
		if got := enter(platformtest.Learner(t, s.p, "eve@example.com")); got != http.StatusConflict {
			t.Errorf("redeemed %t: entered afterwards: %d", redeemed, got)
		}
	}
}

// TestFreeOfNobody takes back a free gift whose giver's account is deleted.
func TestFreeOfNobody(t *testing.T) {
	t.Parallel()
	s := free(t, "instrument", platformtest.AsGift())
	platformtest.Exec(t, s.p, `DELETE FROM users WHERE id = $1`, s.ana.ID)
	s.path = "/admin/purchases/" + platformtest.Text(t, s.p, `SELECT id::text FROM ledger`) + "/refund"
	if a := s.press(t, s.op, "requested", ""); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := platformtest.Text(t, s.p, `SELECT concat_ws(' ', (SELECT count(*) FROM gifts WHERE voided_at IS NULL), (SELECT count(*) FROM outbox WHERE kind = 'refund-notice'), (SELECT subject FROM audit_log))`); got != "0 0 payment:"+s.payment {
		t.Errorf("%s", got)
	}
}
