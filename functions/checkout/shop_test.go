package checkout_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// tell brings all that Stripe has told.
func tell(t testing.TB, p *platform.Platform, till *platformtest.Till) {
	t.Helper()
	for _, event := range till.Events(t, p) {
		if got := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event)); got.Status != http.StatusOK {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
}

// books tells what stands after a sale: inbox, purchases, ledger, grants.
const books = `
	SELECT concat_ws('; ',
		(SELECT string_agg(DISTINCT state, ' ') FROM stripe_events WHERE type NOT LIKE 'customer%' AND type NOT LIKE 'invoice%'),
		(SELECT string_agg(concat_ws(' ', status, amount, discount, tax), ', ') FROM purchases),
		(SELECT string_agg(concat_ws(' ', kind, amount, discount, tax), ', ' ORDER BY kind DESC) FROM ledger),
		(SELECT count(*) FROM grants WHERE revoked_at IS NULL))`

// TestSales pays with promotion codes and tax, and has all of it given back.
func TestSales(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name        string
		tax         int64
		off         float64
		sold, after string
	}{
		{"plain", 0, 0, "settled; completed 9900 0 0; sale 9900 0 0; 1", "settled; refunded 9900 0 0; sale 9900 0 0, refund 9900 0 0; 0"},
		{"half price", 0, 50, "settled; completed 4950 4950 0; sale 4950 4950 0; 1", "settled; refunded 4950 4950 0; sale 4950 4950 0, refund 4950 0 0; 0"},
		{"with tax", 1000, 0, "settled; completed 10890 0 990; sale 10890 0 990; 1", "settled; refunded 10890 0 990; sale 10890 0 990, refund 10890 0 990; 0"},
		{"half price with tax", 825, 50, "settled; completed 5358 4950 408; sale 5358 4950 408; 1", "settled; refunded 5358 4950 408; sale 5358 4950 408, refund 5358 0 408; 0"},
		{"free", 0, 100, "settled; completed 0 9900 0; sale 0 9900 0; 1", ""},
		{"free with tax", 1000, 100, "settled; completed 0 9900 0; sale 0 9900 0; 1", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, till := platformtest.Shop(t)
			if tc.tax > 0 {
				p, till = platformtest.TaxShop(t, tc.tax)
			}
			ana := platformtest.Learner(t, p, "ana@example.com")
			page := click(t, p, checkout.Routes(p), ana, "instrument")
			if tc.off > 0 {
				platformtest.Promote(t, p, "FLY", tc.off)
				till.Enter(t, page, "fly")
			}
			till.Pay(t, page)
			tell(t, p, till)
			if got := platformtest.Text(t, p, books); got != tc.sold {
				t.Errorf("got  %s\nwant %s", got, tc.sold)
			}
			session := platformtest.Text(t, p, `SELECT stripe_session_id FROM checkouts`)
			if payment := platformtest.Text(t, p, `SELECT stripe_payment_id FROM purchases`); (payment == session) != (tc.after == "") {
				t.Errorf("payment %s of session %s", payment, session)
			}
			order := "/orders/" + platformtest.Text(t, p, `SELECT id::text FROM checkouts`)
			if tc.after == "" {
				if got := platformtest.Call(t, p, orders.Routes(p), ana, "GET", order+"/receipt", nil); got.Status != http.StatusNotFound || !strings.Contains(got.Body, "Nothing was to pay") {
					t.Errorf("receipt of nothing: %d %s", got.Status, got.Body)
				}
				return
			}
			got := platformtest.Call(t, p, orders.Routes(p), ana, "GET", order+"/receipt", nil)
			if got.Status != http.StatusSeeOther || !strings.Contains(got.Header.Get("Location"), "/local/pay/receipt/ch_") {
				t.Errorf("receipt: %d to %q", got.Status, got.Header.Get("Location"))
			}
			till.Refund(t, session)
			tell(t, p, till)
			if got := platformtest.Text(t, p, books); got != tc.after {
				t.Errorf("given back\ngot  %s\nwant %s", got, tc.after)
			}
		})
	}
}

// TestReceipt is somebody's own, and costs no page anything.
func TestReceipt(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	page := click(t, p, checkout.Routes(p), ana, "instrument")
	receipt := "/orders/" + platformtest.Text(t, p, `SELECT id::text FROM checkouts`) + "/receipt"
	look := func(who *platformtest.User, status int, words string) {
		t.Helper()
		if got := platformtest.Call(t, p, orders.Routes(p), who, "GET", receipt, nil); got.Status != status || !strings.Contains(got.Body, words) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	look(ana, http.StatusNotFound, "no receipt yet")
	till.Pay(t, page)
	tell(t, p, till)
	look(ben, http.StatusNotFound, "no such order")
	look(nil, http.StatusUnauthorized, "")
	till.Down.Store(true)
	look(ana, http.StatusServiceUnavailable, "shows what you paid")
	_, list := platformtest.Page(t, p, orders.Routes(p), ana, "/orders")
	if list.Find(`a[href="`+receipt+`"]`).Length() != 1 {
		t.Error("no link to the receipt while Stripe is away")
	}
}

// TestConsent sells to nobody who has not agreed, and keeps when and to what.
func TestConsent(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	got := platformtest.Send(t, p, checkout.Routes(p), platformtest.Form(t, ana, "/checkout/instrument", "gift=1"))
	page := platformtest.Parse(t, got.Body)
	if got.Status != http.StatusBadRequest || page.Find("input[name=consent][aria-invalid=true]").Length() != 1 || page.Find(`input[name=gift][value="1"]`).Length() != 1 || !strings.Contains(page.Find("main").Text(), "$99.00") {
		t.Errorf("%d %s", got.Status, page.Find("main").Text())
	}
	for _, body := range []any{nil, map[string]bool{"consent": false}, map[string]bool{}} {
		if got := platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", body); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, `"field":"consent"`) {
			t.Errorf("%v: %d %s", body, got.Status, got.Body)
		}
	}
	if got := platformtest.Send(t, p, checkout.Routes(p), platformtest.Form(t, ana, "/checkout/seaplane", "")); got.Status != http.StatusNotFound {
		t.Errorf("no such module: %d", got.Status)
	}
	if all := checkouts(t, p); all != "" {
		t.Errorf("refusals left %q", all)
	}
	first := click(t, p, checkout.Routes(p), ana, "instrument")
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', terms, agreed_at > now() - interval '1 minute') FROM checkouts`); got != purchase.Terms+" t" {
		t.Errorf("kept %q", got)
	}
	platformtest.Exec(t, p, `UPDATE checkouts SET terms = '2020-01-01'`)
	if click(t, p, checkout.Routes(p), ana, "instrument") == first || checkouts(t, p) != "instrument 9900 expired, instrument 9900 open" {
		t.Errorf("other terms: %s", checkouts(t, p))
	}
}

// TestGift costs what it costs everybody, and may be bought beside one's own.
func TestGift(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Bought(t, p, ana, "instrument")
	own := click(t, p, checkout.Routes(p), ana, "bundle")
	got := platformtest.Send(t, p, checkout.Routes(p), platformtest.Form(t, ana, "/checkout/bundle", "gift=1&consent=yes"))
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") == own || checkouts(t, p) != "bundle 5000 open, bundle 14900 open" {
		t.Errorf("%d to %q, checkouts %q", got.Status, got.Header.Get("Location"), checkouts(t, p))
	}
	platformtest.Grant(t, p, ana, "bundle")
	if got := platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/bundle", platformtest.AsGift()); got.Status != http.StatusOK {
		t.Errorf("an owner cannot give it: %d %s", got.Status, got.Body)
	}
}
