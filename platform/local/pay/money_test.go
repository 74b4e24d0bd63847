package pay_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
)

// sold returns a session that was paid, with its payment intent in full.
func (s *shop) sold(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	s.t.Helper()

	made := s.create(change...)
	s.perform(made.ID, pay.Pay)
	return s.session(made.ID, "payment_intent.latest_charge", "total_details.breakdown", "line_items")
}

func (s *shop) perform(session string, d pay.Deed) {
	s.t.Helper()

	if err := s.pay.Do(session, d); err != nil {
		s.t.Fatalf("%s: %v", d, err)
	}
}

func TestDispute(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name     string
		end      pay.Deed
		status   stripe.DisputeStatus
		refunded bool // can be, afterwards
	}{
		{"won", pay.Win, stripe.DisputeStatusWon, true},
		{"lost", pay.Lose, stripe.DisputeStatusLost, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			s := open(t, listen(t))
			sold := s.sold()
			s.hook.next()
			if status, _ := s.submit(s.url+"/local/pay/"+sold.ID+"/dispute", url.Values{"reason": {"product_not_received"}}); status != http.StatusSeeOther {
				t.Fatalf("dispute: %d", status)
			}
			e := s.hook.next()
			d, err := s.api.Disputes.Get(e.GetObjectValue("id"), nil)
			if err != nil || e.Type != "charge.dispute.created" || d.Amount != 4900 || d.Reason != "product_not_received" {
				t.Fatalf("%s: %v, %+v", e.Type, err, d)
			}
			if d.PaymentIntent.ID != sold.PaymentIntent.ID || d.Charge.ID != sold.PaymentIntent.LatestCharge.ID || d.Status != stripe.DisputeStatusNeedsResponse {
				t.Errorf("dispute of %s, %s: %s", d.PaymentIntent.ID, d.Charge.ID, d.Status)
			}
			if c, err := s.api.Charges.Get(d.Charge.ID, nil); err != nil || !c.Disputed {
				t.Errorf("charge: %v, disputed %v", err, c.Disputed)
			}
			_, err = s.api.Refunds.New(&stripe.RefundParams{Charge: &d.Charge.ID})
			if got := refusal(t, err); got.Code != stripe.ErrorCodeChargeDisputed {
				t.Errorf("refund while disputed: %q", got.Code)
			}

			s.perform(sold.ID, tc.end)
			if e := s.hook.next(); e.Type != "charge.dispute.closed" || e.GetObjectValue("status") != string(tc.status) {
				t.Errorf("%s: %s", e.Type, e.GetObjectValue("status"))
			}
			if err := s.pay.Do(sold.ID, tc.end); err == nil {
				t.Error("closed twice")
			}
			if err := s.pay.Do(sold.ID, pay.Refund); (err == nil) != tc.refunded {
				t.Errorf("refund afterwards: %v", err)
			}
		})
	}
}

func TestSellerGivesInToDispute(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	sold := s.sold()
	s.perform(sold.ID, pay.Dispute)
	all := s.api.Disputes.List(&stripe.DisputeListParams{PaymentIntent: &sold.PaymentIntent.ID})
	if !all.Next() {
		t.Fatalf("no dispute: %v", all.Err())
	}
	closed, err := s.api.Disputes.Close(all.Dispute().ID, nil)
	if err != nil || closed.Status != stripe.DisputeStatusLost {
		t.Errorf("close: %v, %+v", err, closed)
	}
}

func TestMoneyComesLater(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		deed   pay.Deed
		events []string
		status stripe.CheckoutSessionPaymentStatus
		intent stripe.PaymentIntentStatus
	}{
		{pay.Arrive, []string{"checkout.session.completed", "payment_intent.processing", "checkout.session.async_payment_succeeded", "payment_intent.succeeded"}, "paid", "succeeded"},
		{pay.Fail, []string{"checkout.session.completed", "payment_intent.processing", "checkout.session.async_payment_failed", "payment_intent.payment_failed"}, "unpaid", "requires_payment_method"},
	} {
		t.Run(string(tc.deed), func(t *testing.T) {
			t.Parallel()

			s := open(t, listen(t))
			made := s.create()
			if status, location := s.submit(made.URL+"/pay-later", nil); status != http.StatusSeeOther || !strings.HasSuffix(location, made.ID) {
				t.Fatalf("pay later leads to %d %q", status, location)
			}
			got := s.session(made.ID, "payment_intent.latest_charge")
			if got.Status != "complete" || got.PaymentStatus != "unpaid" || got.PaymentIntent.Status != "processing" || got.PaymentIntent.LatestCharge.Paid {
				t.Errorf("session %s, %s, intent %s", got.Status, got.PaymentStatus, got.PaymentIntent.Status)
			}
			if err := s.pay.Do(made.ID, pay.Refund); err == nil {
				t.Error("money that is not here was given back")
			}
			s.submit(made.URL+"/"+string(tc.deed), nil)
			got = s.session(made.ID, "payment_intent")
			if got.PaymentStatus != tc.status || got.PaymentIntent.Status != tc.intent {
				t.Errorf("session %s, intent %s", got.PaymentStatus, got.PaymentIntent.Status)
			}
			var types []string
			for _, e := range s.events(&stripe.EventListParams{}) {
				types = append([]string{string(e.Type)}, types...)
			}
			if !cmp.Equal(types, tc.events) {
				t.Error(cmp.Diff(tc.events, types))
			}
			if err := s.pay.Do(made.ID, pay.Arrive); err == nil {
				t.Error("it arrived again")
			}
		})
	}

	s := open(t, listen(t))
	card := s.create(func(p *stripe.CheckoutSessionParams) { p.PaymentMethodTypes = stripe.StringSlice([]string{"card"}) })
	if err := s.pay.Do(card.ID, pay.PayLater); err == nil || s.session(card.ID).Status != "open" {
		t.Errorf("a card paid later: %v", err)
	}
}

// code makes a coupon and a promotion code for it.
func (s *shop) code(code string, c *stripe.CouponParams) *stripe.PromotionCode {
	s.t.Helper()

	coupon, err := s.api.Coupons.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := s.api.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID, Code: &code})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestDiscounts(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t), func(o *pay.Options) { o.TaxRate = 1000 })
	for _, tc := range []struct {
		name            string
		coupon          stripe.CouponParams
		off, tax, total int64
		status          stripe.CheckoutSessionPaymentStatus
	}{
		{"QUARTER", stripe.CouponParams{PercentOff: stripe.Float64(25)}, 1225, 368, 4043, "paid"},
		{"ALL", stripe.CouponParams{PercentOff: stripe.Float64(100)}, 4900, 0, 0, "no_payment_required"},
		{"TEN", stripe.CouponParams{AmountOff: stripe.Int64(1000), Currency: stripe.String("usd")}, 1000, 390, 4290, "paid"},
		{"MORE", stripe.CouponParams{AmountOff: stripe.Int64(9000), Currency: stripe.String("usd")}, 4900, 0, 0, "no_payment_required"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			code := s.code(tc.name, &tc.coupon)
			got := s.sold(func(p *stripe.CheckoutSessionParams) {
				p.Discounts = []*stripe.CheckoutSessionDiscountParams{{PromotionCode: &code.ID}}
				p.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
			})
			d := got.TotalDetails
			if got.AmountSubtotal != 4900 || d.AmountDiscount != tc.off || d.AmountTax != tc.tax || got.AmountTotal != tc.total || got.PaymentStatus != tc.status {
				t.Errorf("%d - %d + %d = %d, %s", got.AmountSubtotal, d.AmountDiscount, d.AmountTax, got.AmountTotal, got.PaymentStatus)
			}
			if d.Breakdown.Discounts[0].Discount.PromotionCode.ID != code.ID || got.LineItems.Data[0].AmountTotal != tc.total {
				t.Errorf("breakdown %+v, line %d", d.Breakdown, got.LineItems.Data[0].AmountTotal)
			}
			if got.PaymentIntent != nil && got.PaymentIntent.Amount != tc.total {
				t.Errorf("intent of %d", got.PaymentIntent.Amount)
			}
		})
	}
}

func TestBuyerEntersCode(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	s.code("ONCE", &stripe.CouponParams{PercentOff: stripe.Float64(50), MaxRedemptions: stripe.Int64(1)})
	made := s.create(func(p *stripe.CheckoutSessionParams) { p.AllowPromotionCodes = stripe.Bool(true) })
	if status, _ := s.submit(made.URL+"/code", url.Values{"code": {"NONE"}}); status != http.StatusBadRequest {
		t.Errorf("unknown code: %d", status)
	}
	if status, _ := s.submit(made.URL+"/code", url.Values{"code": {" once "}}); status != http.StatusSeeOther {
		t.Errorf("code: %d", status)
	}
	_, doc := s.page(strings.TrimPrefix(made.URL, s.url))
	if got := words(doc, ".lines"); !strings.HasSuffix(got, "Discount -24.50 USD Total 24.50 USD") {
		t.Errorf("page %q", got)
	}
	s.perform(made.ID, pay.Pay)
	if got := s.session(made.ID); got.AmountTotal != 2450 {
		t.Errorf("total %d", got.AmountTotal)
	}

	list := s.api.PromotionCodes.List(&stripe.PromotionCodeListParams{Code: stripe.String("ONCE")})
	if !list.Next() || list.PromotionCode().TimesRedeemed != 1 || list.PromotionCode().Active {
		t.Errorf("code after use: %+v, %v", list.Current(), list.Err())
	}
	_, err := s.api.CheckoutSessions.New(order(func(p *stripe.CheckoutSessionParams) {
		p.Discounts = []*stripe.CheckoutSessionDiscountParams{{PromotionCode: &list.PromotionCode().ID}}
	}))
	refusal(t, err)
	closed := s.create()
	if status, _ := s.submit(closed.URL+"/code", url.Values{"code": {"ONCE"}}); status != http.StatusBadRequest {
		t.Errorf("code where none is taken: %d", status)
	}
}

func TestCustomers(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	always := s.sold(func(p *stripe.CheckoutSessionParams) { p.CustomerCreation = stripe.String("always") })
	known := always.Customer
	if known == nil || always.PaymentIntent.Customer.ID != known.ID {
		t.Fatalf("customer %v, of the intent %v", known, always.PaymentIntent.Customer)
	}
	c, err := s.api.Customers.Get(known.ID, nil)
	if err != nil || c.Email != "ana@example.com" {
		t.Fatalf("customer: %v, %+v", err, c)
	}
	again := s.sold(func(p *stripe.CheckoutSessionParams) { p.CustomerEmail, p.Customer = nil, &known.ID })
	if again.Customer.ID != known.ID || again.CustomerDetails.Email != "ana@example.com" || again.CustomerEmail != "" {
		t.Errorf("second session: %v, %v", again.Customer, again.CustomerDetails)
	}
	if got, err := s.api.Customers.Update(known.ID, &stripe.CustomerParams{Name: stripe.String("Ana")}); err != nil || got.Name != "Ana" || got.Email != "ana@example.com" {
		t.Errorf("update: %v, %+v", err, got)
	}
	if got, err := s.api.Customers.Del(known.ID, nil); err != nil || !got.Deleted {
		t.Errorf("delete: %v, %+v", err, got)
	}
	if got, err := s.api.Customers.Get(known.ID, nil); err != nil || !got.Deleted || got.Email != "" {
		t.Errorf("deleted: %v, %+v", err, got)
	}
	_, err = s.api.CheckoutSessions.New(order(func(p *stripe.CheckoutSessionParams) { p.CustomerEmail, p.Customer = nil, &known.ID }))
	if e := refusal(t, err); e.HTTPStatusCode != http.StatusNotFound {
		t.Errorf("session of a deleted customer: %d", e.HTTPStatusCode)
	}
	if _, err := s.api.Customers.Del(known.ID, nil); err == nil {
		t.Error("deleted twice")
	}
}

func TestPapers(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	sold := s.sold(func(p *stripe.CheckoutSessionParams) {
		p.InvoiceCreation = &stripe.CheckoutSessionInvoiceCreationParams{
			Enabled:     stripe.Bool(true),
			InvoiceData: &stripe.CheckoutSessionInvoiceCreationInvoiceDataParams{Footer: stripe.String("Fly safely.")},
		}
	})
	i, err := s.api.Invoices.Get(sold.Invoice.ID, nil)
	if err != nil || i.Total != 4900 || i.Status != stripe.InvoiceStatusPaid || i.PaymentIntent.ID != sold.PaymentIntent.ID {
		t.Fatalf("invoice: %v, %+v", err, i)
	}
	for _, address := range []string{i.HostedInvoiceURL, sold.PaymentIntent.LatestCharge.ReceiptURL} {
		resp, doc := s.page(strings.TrimPrefix(address, s.url))
		if got := words(doc, "main"); resp.StatusCode != http.StatusOK || !strings.Contains(got, "Private pilot 49.00 USD Total 49.00 USD") {
			t.Errorf("%s: %d %q", address, resp.StatusCode, got)
		}
	}
	if s.sold().Invoice != nil {
		t.Error("an invoice that nobody wanted")
	}
}
