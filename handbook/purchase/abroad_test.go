package purchase_test

import (
	"testing"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/platformtest"
)

// TestBuyersCurrency: whoever pays in their own currency has bought what they
// paid for, at the price of here; and what goes back to them closes it.
func TestBuyersCurrency(t *testing.T) {
	t.Parallel()
	p := open(t)
	const ledger = `SELECT string_agg(concat_ws(' ', kind, amount, discount, tax, currency), ', ' ORDER BY kind DESC) FROM ledger WHERE stripe_payment_id = $1`
	for name, tc := range map[string]struct {
		paid, ours stripe.CheckoutSession // what is told of the amounts: in Canadian dollars, and in the currency of the price
		want       string                 // the sale in the books, then with a third of it back
		then       string
	}{
		"the price": {
			paid: stripe.CheckoutSession{AmountSubtotal: 13599, AmountTotal: 13599}, ours: stripe.CheckoutSession{AmountTotal: 9900},
			want: "sale 9900 0 0 usd", then: "sale 9900 0 0 usd, refund 3300 0 0 usd",
		},
		"less a discount": {
			paid: stripe.CheckoutSession{AmountSubtotal: 13599, AmountTotal: 6800, TotalDetails: &stripe.CheckoutSessionTotalDetails{AmountDiscount: 6799}},
			ours: stripe.CheckoutSession{AmountTotal: 4950},
			want: "sale 4950 4950 0 usd", then: "sale 4950 4950 0 usd, refund 1650 0 0 usd",
		},
		"with a tax on top": {
			paid: stripe.CheckoutSession{AmountSubtotal: 13599, AmountTotal: 14959, TotalDetails: &stripe.CheckoutSessionTotalDetails{AmountTax: 1360}},
			ours: stripe.CheckoutSession{AmountTotal: 10890},
			want: "sale 10890 0 990 usd", then: "sale 10890 0 990 usd, refund 3630 0 330 usd",
		},
		"less a discount with a tax on top": {
			paid: stripe.CheckoutSession{AmountSubtotal: 13599, AmountTotal: 7480, TotalDetails: &stripe.CheckoutSessionTotalDetails{AmountDiscount: 6799, AmountTax: 680}},
			ours: stripe.CheckoutSession{AmountTotal: 5445},
			want: "sale 5445 4950 495 usd", then: "sale 5445 4950 495 usd, refund 1815 0 165 usd",
		},
		"less a discount with a tax in it": {
			paid: stripe.CheckoutSession{AmountSubtotal: 13599, AmountTotal: 6800, TotalDetails: &stripe.CheckoutSessionTotalDetails{AmountDiscount: 6799, AmountTax: 1086}},
			ours: stripe.CheckoutSession{AmountTotal: 4950},
			want: "sale 4950 4950 791 usd", then: "sale 4950 4950 791 usd, refund 1650 0 264 usd",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := sell(t.Context(), p, "instrument", 9900)
			if err != nil {
				t.Fatal(err)
			}
			tell := func(r purchase.Report) {
				t.Helper()
				if out, err := s.settle(t.Context(), r); err != nil || out.State != purchase.Settled {
					t.Fatalf("%+v, %v", out, err)
				}
			}
			books := func(want string) {
				t.Helper()
				if got := platformtest.Text(t, p, ledger, s.id("pi")); got != want {
					t.Errorf("books %q, want %q", got, want)
				}
			}
			abroad := func(back int64) purchase.Report {
				return purchase.FromCharge(s.charge(back, func(c *stripe.Charge) {
					c.Currency, c.Amount, c.Refunded = "cad", tc.paid.AmountTotal, back == tc.paid.AmountTotal
				}), at(5))
			}
			if out, err := s.settle(t.Context(), abroad(tc.paid.AmountTotal)); err != nil || out.State != purchase.Quarantined {
				t.Errorf("what went back before anybody knows of how much: %+v, %v", out, err)
			}
			tell(purchase.FromSession(s.session(stripe.CheckoutSessionPaymentStatusPaid, func(c *stripe.CheckoutSession) {
				c.Currency, c.AmountSubtotal, c.AmountTotal, c.TotalDetails = "cad", tc.paid.AmountSubtotal, tc.paid.AmountTotal, tc.paid.TotalDetails
				c.CurrencyConversion = &stripe.CheckoutSessionCurrencyConversion{AmountSubtotal: 9900, AmountTotal: tc.ours.AmountTotal, SourceCurrency: "usd"}
			}), at(2)))
			books(tc.want)
			tell(abroad(tc.paid.AmountTotal / 3))
			books(tc.then)
			if got := s.opens(t); got != "instrument" {
				t.Errorf("%q is open", got)
			}
			tell(abroad(tc.paid.AmountTotal))
			if got := s.opens(t); got != "" {
				t.Errorf("all went back, and %q is open", got)
			}
		})
	}
}
