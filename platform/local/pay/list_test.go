package pay_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
)

func TestListSessions(t *testing.T) {
	t.Parallel()

	var ahead atomic.Int64
	start := time.Now()
	s := open(t, listen(t), func(o *pay.Options) {
		o.Now = func() time.Time { return start.Add(time.Duration(ahead.Load())) }
	})
	var newest []string
	for i := range 5 {
		ahead.Store(int64(i) * int64(time.Minute))
		newest = append([]string{s.create().ID}, newest...)
	}
	minute := func(i int) int64 { return start.Add(time.Duration(i) * time.Minute).Unix() }
	for _, tc := range []struct {
		name string
		p    stripe.CheckoutSessionListParams
		want []string
	}{
		{"pages of two", stripe.CheckoutSessionListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(2)}}, newest},
		{"from", stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: minute(3)}}, newest[:2]},
		{"after", stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThan: minute(3)}}, newest[:1]},
		{"to", stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{LesserThanOrEqual: minute(1)}}, newest[3:]},
		{"before", stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{LesserThan: minute(1)}}, newest[4:]},
		{"at", stripe.CheckoutSessionListParams{Created: stripe.Int64(minute(2))}, newest[2:3]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			var got []string
			i := s.api.CheckoutSessions.List(&tc.p)
			for i.Next() {
				got = append(got, i.CheckoutSession().ID)
			}
			if i.Err() != nil || !cmp.Equal(got, tc.want) {
				t.Errorf("got %v, want %v: %v", got, tc.want, i.Err())
			}
		})
	}
}

func TestRefundsOfCharge(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "stripe.json")
	kept := func(o *pay.Options) { o.File = file }
	s := open(t, listen(t), kept)
	s.perform(s.sold().ID, pay.Refund) // of another charge
	id := s.sold().PaymentIntent.LatestCharge.ID
	var want []string
	for range 2 {
		r, err := s.api.Refunds.New(&stripe.RefundParams{Charge: &id, Amount: stripe.Int64(100)})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{r.ID}, want...)
	}
	s.pay.Close()

	s = open(t, listen(t), kept) // what is not in the file is made again
	var got []string
	list := s.api.Refunds.List(&stripe.RefundListParams{Charge: &id})
	for list.Next() {
		got = append(got, list.Refund().ID)
	}
	if list.Err() != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v: %v", got, want, list.Err())
	}
	if c, err := s.api.Charges.Get(id, nil); err != nil || c.AmountRefunded != 200 {
		t.Errorf("charge: %v, %+v", err, c)
	}
	if r, err := s.api.Refunds.Get(want[0], nil); err != nil || r.Charge.ID != id {
		t.Errorf("refund: %v, %+v", err, r)
	}
}

func TestRefusedCalls(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	for _, tc := range []struct {
		name, path  string
		form        url.Values
		code, param string
	}{
		{"coupon of nothing", "/v1/coupons", url.Values{}, "", "percent_off"},
		{"coupon of too much", "/v1/coupons", url.Values{"percent_off": {"101"}}, "", "percent_off"},
		{"coupon without currency", "/v1/coupons", url.Values{"amount_off": {"5"}}, "", "currency"},
		{"customer's e-mail", "/v1/customers", url.Values{"email": {"ana"}}, "email_invalid", "email"},
		{"customer twice", "/v1/checkout/sessions", sessionForm("customer=cus_1", "customer_email=a@example.com"), "", "customer"},
		{"codes and a discount", "/v1/checkout/sessions", sessionForm("allow_promotion_codes=true", "discounts[0][coupon]=x"), "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			status, e := s.call(tc.path, "Bearer "+secret, tc.form)
			if status != http.StatusBadRequest || string(e.Code) != tc.code || e.Param != tc.param || e.Msg == "" {
				t.Errorf("got %d %q %q (%s), want 400 %q %q", status, e.Code, e.Param, e.Msg, tc.code, tc.param)
			}
		})
	}
}

func TestOtherVersion(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	r, err := http.NewRequest(http.MethodGet, s.url+"/local/stripe/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Stripe-Version", "2025-01-27.acacia")
	resp := s.do(r)
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest || !strings.HasPrefix(resp.Header.Get("Request-Id"), "req_") {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// TestEarlierFile reads a file from when sessions and payments were kept by id.
func TestEarlierFile(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "stripe.json")
	const state = `{"sessions": {"cs_test_1": {"id": "cs_test_1", "status": "complete", "created": 1, "currency": "usd",
		"lines": [{"name": "Private", "unit": 4900, "quantity": 1}], "email": "ana@example.com", "payment": "pi_1", "metadata": {}}},
		"payments": {"pi_1": {"id": "pi_1", "charge": "ch_1", "created": 1, "amount": 4900, "currency": "usd", "metadata": {}}},
		"events": [], "answers": {}, "count": 1}`
	if err := os.WriteFile(file, []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, listen(t), func(o *pay.Options) { o.File = file })
	if got := s.session("cs_test_1", "payment_intent"); got.PaymentStatus != "paid" || got.PaymentIntent.Status != "succeeded" {
		t.Errorf("session is %s, intent %s", got.PaymentStatus, got.PaymentIntent.Status)
	}
	s.perform("cs_test_1", pay.Refund)
}
