package checkout_test

import (
	"net/url"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/redeem"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// give buys a gift, by a promotion code if there is one, and returns its code
// and session.
func give(t *testing.T, p *platform.Platform, till *platformtest.Till, giver *platformtest.User, module, promotion string) (code, session string) {
	t.Helper()
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), giver, "POST", "/checkout/"+module, platformtest.AsGift()).Into(t, &to)
	if promotion != "" {
		till.Enter(t, to.URL, promotion)
	}
	till.Pay(t, to.URL)
	tell(t, p, till)
	session = sessionOf(to.URL)
	_, page := platformtest.Page(t, p, orders.Routes(p), giver, platformtest.Text(t, p, `SELECT '/orders/' || id FROM checkouts WHERE stripe_session_id = $1`, session))
	return page.Find(".code").Text(), session
}

func sessionOf(page string) string { return page[strings.LastIndex(page, "/")+1:] }

func enter(t *testing.T, p *platform.Platform, who *platformtest.User, code string) {
	t.Helper()
	if a := platformtest.Send(t, p, redeem.Routes(p), platformtest.Form(t, who, "/redeem", url.Values{"code": {code}}.Encode())); a.Status >= 400 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
}

// TestPaid: the bundle costs less by what was paid for its part, no more.
func TestPaid(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name         string
		tax          int64
		off          float64
		gift, leaves bool // the part was given; its giver's account is deleted
		after        string
		want         int
	}{
		{"at full price", 0, 0, false, false, "", 14900 - 9900},
		{"at half the price", 0, 50, false, false, "", 14900 - 4950},
		{"free", 0, 100, false, false, "", 14900},
		{"with tax", 1000, 0, false, false, "", 14900 - 9900},
		{"at half the price with tax", 1000, 50, false, false, "", 14900 - 4950},
		{"tax in the price", 0, 0, false, false, `UPDATE ledger SET tax = 1581`, 14900 - 9900},
		{"tax in the price, half of it given back", 0, 0, false, false, `WITH l AS (UPDATE ledger SET tax = 1581 RETURNING *)
			INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id, tax) SELECT gen_random_uuid(), at, 'refund', module_type, 4950, currency, stripe_payment_id, 790 FROM l`, 14900 - 4950},
		{"about to be given back", 0, 0, false, false, `INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason) SELECT gen_random_uuid(), stripe_payment_id, module_type, amount, currency, 'duplicate' FROM ledger`, 14900},
		{"part of it given back", 0, 0, false, false, `INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id) SELECT gen_random_uuid(), at, 'refund', module_type, 900, currency, stripe_payment_id FROM ledger`, 14900 - 9000},
		{"taken over without books", 0, 50, false, false, `DELETE FROM ledger`, 14900 - 4950},
		{"in another currency", 0, 0, false, false, `WITH l AS (UPDATE ledger SET currency = 'eur') UPDATE purchases SET currency = 'eur'`, 14900},
		{"sold for less today", 0, 0, false, false, `UPDATE modules SET price = 5900 WHERE key = 'instrument'`, 14900 - 9900},
		{"a gift", 0, 0, true, false, "", 14900 - 9900},
		{"a gift at half the price", 0, 50, true, false, "", 14900 - 4950},
		{"a free gift", 0, 100, true, false, "", 14900},
		{"a gift of somebody who left", 0, 50, true, true, "", 14900 - 4950},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, till := platformtest.Shop(t)
			if tc.tax > 0 {
				p, till = platformtest.TaxShop(t, tc.tax)
			}
			ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
			promotion := ""
			if tc.off > 0 {
				promotion = "FLY"
				platformtest.Promote(t, p, promotion, tc.off)
			}
			if tc.gift {
				code, _ := give(t, p, till, ana, "instrument", promotion)
				enter(t, p, ben, code)
			} else {
				page := click(t, p, checkout.Routes(p), ben, "instrument")
				if promotion != "" {
					till.Enter(t, page, promotion)
				}
				till.Pay(t, page)
				tell(t, p, till)
			}
			if tc.leaves {
				platformtest.Exec(t, p, `DELETE FROM users WHERE id = $1`, ana.ID)
			}
			if tc.after != "" {
				platformtest.Exec(t, p, tc.after)
			}
			got, err := purchase.PriceFor(t.Context(), p.DB, ben.ID, "bundle")
			less := strings.Contains(got.Why(), "costs less by itself") // private_commercial, for 7900
			if err != nil || got.Amount != tc.want || (got.Why() != "") != (tc.want < 14900) || less != (7900 < tc.want && tc.want < 14900) || (len(got.Credited) == 1) != (tc.want < 14900) {
				t.Errorf("%+v, %v; want %d", got, err, tc.want)
			}
		})
	}
}

// TestGiftBeforeWebhook: who redeems a gift after they have paid, but before
// anybody here knows, gets the payment back.
func TestGiftBeforeWebhook(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	code, _ := give(t, p, till, ana, "instrument", "")
	till.Pay(t, click(t, p, checkout.Routes(p), ben, "instrument"))
	enter(t, p, ben, code)
	tell(t, p, till)
	if got := platformtest.Text(t, p, `SELECT string_agg(module_type || ' ' || amount || ' ' || reason || ' ' || (user_id = $1), ', ') FROM refunds`, ben.ID); got != "instrument 9900 duplicate true" {
		t.Errorf("given back: %q", got)
	}
}
