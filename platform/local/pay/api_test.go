package pay_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
)

func TestSecretKey(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	basic := func(user string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":")) }
	for _, tc := range []struct {
		name, header string
		want         int
	}{
		{"none", "", http.StatusUnauthorized},
		{"other", "Bearer sk_test_other", http.StatusUnauthorized},
		{"longer", "Bearer " + secret + "0", http.StatusUnauthorized},
		{"other user", basic("sk_test_other"), http.StatusUnauthorized},
		{"bearer", "Bearer " + secret, http.StatusBadRequest},
		{"user", basic(secret), http.StatusBadRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			status, e := s.call("/v1/checkout/sessions", tc.header, nil)
			if status != tc.want || e.Type != stripe.ErrorTypeInvalidRequest || strings.Contains(e.Msg, secret) {
				t.Errorf("status %d, want %d; %s: %s", status, tc.want, e.Type, e.Msg)
			}
		})
	}

	_, err := apiOf(s.url+"/local/stripe", "sk_test_other").CheckoutSessions.New(order())
	if e := refusal(t, err); e.HTTPStatusCode != http.StatusUnauthorized || e.RequestID == "" {
		t.Errorf("wrong key through the library: %d, request %q", e.HTTPStatusCode, e.RequestID)
	}
}

// sessionForm is a good one, with some parameters set otherwise; "-" takes one
// out.
func sessionForm(change ...string) url.Values {
	f := url.Values{}
	for _, pair := range append([]string{
		"mode=payment", "success_url=https://shop.example/done",
		"line_items[0][quantity]=1", "line_items[0][price_data][currency]=usd",
		"line_items[0][price_data][unit_amount]=4900", "line_items[0][price_data][product_data][name]=Private",
	}, change...) {
		name, value, _ := strings.Cut(pair, "=")
		if f.Set(name, value); value == "-" {
			f.Del(name)
		}
	}
	return f
}

func in(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }

func TestRefusedParameters(t *testing.T) {
	t.Parallel()

	const (
		missing  = "parameter_missing"
		integer  = "parameter_invalid_integer"
		currency = "line_items[0][price_data][currency]"
		amount   = "line_items[0][price_data][unit_amount]"
		product  = "line_items[0][price_data][product_data][name]"
		quantity = "line_items[0][quantity]"
	)
	s := open(t, listen(t))
	for _, tc := range []struct {
		name, path  string
		form        url.Values
		status      int
		code, param string
	}{
		{"no mode", "", sessionForm("mode=-"), 400, missing, "mode"},
		{"subscription", "", sessionForm("mode=subscription"), 400, "", "mode"},
		{"no success_url", "", sessionForm("success_url=-"), 400, missing, "success_url"},
		{"script as success_url", "", sessionForm("success_url=javascript:alert(1)"), 400, "url_invalid", "success_url"},
		{"script as cancel_url", "", sessionForm("cancel_url=javascript:alert(1)"), 400, "url_invalid", "cancel_url"},
		{"no currency", "", sessionForm(currency + "=-"), 400, missing, currency},
		{"no such currency", "", sessionForm(currency + "=us$"), 400, "", currency},
		{"no amount", "", sessionForm(amount + "=-"), 400, missing, amount},
		{"negative amount", "", sessionForm(amount + "=-1"), 400, integer, amount},
		{"amount in dollars", "", sessionForm(amount + "=49.00"), 400, integer, amount},
		{"no name", "", sessionForm(product + "=-"), 400, missing, product},
		{"no quantity", "", sessionForm(quantity + "=-"), 400, missing, quantity},
		{"too much", "", sessionForm(amount+"=99999999", quantity+"=2"), 400, "amount_too_large", ""},
		{"bad e-mail", "", sessionForm("customer_email=ana"), 400, "email_invalid", "customer_email"},
		{"empty e-mail", "", sessionForm("customer_email="), 400, "parameter_invalid_empty", "customer_email"},
		{"long reference", "", sessionForm("client_reference_id=" + strings.Repeat("x", 201)), 400, "", "client_reference_id"},
		{"long metadata", "", sessionForm("metadata[note]=" + strings.Repeat("x", 501)), 400, "", "metadata[note]"},
		{"expires too soon", "", sessionForm("expires_at=" + in(29*time.Minute)), 400, "", "expires_at"},
		{"expires too late", "", sessionForm("expires_at=" + in(25*time.Hour)), 400, "", "expires_at"},
		{"expires never", "", sessionForm("expires_at=9223372036854775807"), 400, "", "expires_at"},
		{"unknown parameter", "", sessionForm("consent_collection[promotions]=auto"), 400, "parameter_unknown", "consent_collection[promotions]"},
		{"unknown expansion", "", sessionForm("expand[]=currency"), 400, "", "expand"},
		{"nothing to refund", "/v1/refunds", nil, 400, missing, "payment_intent"},
		{"refund of nothing", "/v1/refunds", url.Values{"payment_intent": {"pi_none"}, "amount": {"0"}}, 400, integer, "amount"},
		{"no such payment", "/v1/refunds", url.Values{"payment_intent": {"pi_none"}}, 404, "resource_missing", "payment_intent"},
		{"no such session", "/v1/checkout/sessions/cs_test_none/expire", nil, 404, "resource_missing", "session"},
		{"no such address", "/v1/products", nil, 404, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			path := tc.path
			if path == "" {
				path = "/v1/checkout/sessions"
			}
			status, e := s.call(path, "Bearer "+secret, tc.form)
			if status != tc.status || string(e.Code) != tc.code || e.Param != tc.param || e.Msg == "" {
				t.Errorf("got %d %q %q (%s), want %d %q %q", status, e.Code, e.Param, e.Msg, tc.status, tc.code, tc.param)
			}
		})
	}
}

func TestMissingResource(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	_, noSession := s.api.CheckoutSessions.Get("cs_test_none", nil)
	_, noPayment := s.api.PaymentIntents.Get("pi_none", nil)
	for _, err := range []error{noSession, noPayment} {
		if e := refusal(t, err); e.HTTPStatusCode != http.StatusNotFound || e.Code != stripe.ErrorCodeResourceMissing {
			t.Errorf("got %d %s", e.HTTPStatusCode, e.Code)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	keyed := func(p *stripe.CheckoutSessionParams) { p.SetIdempotencyKey("checkout-1") }

	if _, err := s.api.CheckoutSessions.New(order(keyed, func(p *stripe.CheckoutSessionParams) { p.Mode = nil })); err == nil {
		t.Fatal("a session without mode was made")
	}
	first := s.create(keyed) // the refused parameters could be mended under the same key
	again := s.create(keyed)
	if again.ID != first.ID || first.LastResponse.Header.Get("Idempotent-Replayed") != "" || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("ids %s, %s; headers %v", first.ID, again.ID, again.LastResponse.Header)
	}
	if !cmp.Equal(first.LastResponse.RawJSON, again.LastResponse.RawJSON) {
		t.Error("the repeated answer differs")
	}

	_, other := s.api.CheckoutSessions.New(order(keyed, func(p *stripe.CheckoutSessionParams) { p.ClientReferenceID = stripe.String("user-8") }))
	expire := &stripe.CheckoutSessionExpireParams{}
	expire.SetIdempotencyKey("checkout-1")
	_, elsewhere := s.api.CheckoutSessions.Expire(first.ID, expire)
	for _, err := range []error{other, elsewhere} {
		if e := refusal(t, err); e.HTTPStatusCode != http.StatusBadRequest || e.Type != stripe.ErrorTypeIdempotency {
			t.Errorf("got %d %s", e.HTTPStatusCode, e.Type)
		}
	}
	if s.create().ID == first.ID {
		t.Error("without a key the session is the same")
	}
}

func TestRefundKeyGivesMoneyBackOnce(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	intent := s.paid().PaymentIntent.ID
	give := func() *stripe.Refund {
		p := &stripe.RefundParams{PaymentIntent: &intent, Amount: stripe.Int64(1000)}
		p.SetIdempotencyKey("refund-1")
		r, err := s.api.Refunds.New(p)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if first, again := give(), give(); first.ID != again.ID {
		t.Errorf("two refunds %s, %s", first.ID, again.ID)
	}
	p := &stripe.PaymentIntentParams{}
	p.AddExpand("latest_charge.refunds")
	got, err := s.api.PaymentIntents.Get(intent, p)
	if err != nil || got.LatestCharge.AmountRefunded != 1000 || len(got.LatestCharge.Refunds.Data) != 1 {
		t.Errorf("refunded %d: %v", got.LatestCharge.AmountRefunded, err)
	}
}

// TestFail: a failure of Stripe's own is answered again for a day, done or not.
func TestFail(t *testing.T) {
	t.Parallel()

	for _, done := range []bool{false, true} {
		s := open(t, listen(t))
		keyed := func(p *stripe.CheckoutSessionParams) { p.SetIdempotencyKey("checkout-1") }
		s.pay.Fail("POST /v1/checkout/sessions", done)
		for range 2 {
			_, err := s.api.CheckoutSessions.New(order(keyed))
			if e := refusal(t, err); e.HTTPStatusCode != http.StatusInternalServerError || e.Type != stripe.ErrorTypeAPI {
				t.Errorf("got %d %s", e.HTTPStatusCode, e.Type)
			}
		}
		made := 0
		for all := s.api.CheckoutSessions.List(nil); all.Next(); made++ {
		}
		if made == 1 != done {
			t.Errorf("done is %v, and there are %d sessions", done, made)
		}
		if err := s.pay.Age(25 * time.Hour); err != nil {
			t.Fatal(err)
		}
		s.create(keyed)
	}
}

// facts are the events without those that tell a fact a second time.
func facts() []*string {
	return stripe.StringSlice([]string{
		"checkout.session.completed", "checkout.session.expired", "charge.refunded",
		"checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
		"charge.dispute.created", "charge.dispute.closed",
	})
}

// eventTypes lists events as the library pages through them; nil asks for
// facts.
func (s *shop) eventTypes(p *stripe.EventListParams) []string {
	s.t.Helper()

	var types []string
	for _, e := range s.events(p) {
		types = append(types, string(e.Type))
	}
	return types
}

func (s *shop) events(p *stripe.EventListParams) []*stripe.Event {
	s.t.Helper()

	if p == nil {
		p = &stripe.EventListParams{Types: facts()}
	}
	var all []*stripe.Event
	i := s.api.Events.List(p)
	for i.Next() {
		all = append(all, i.Event())
	}
	if err := i.Err(); err != nil {
		s.t.Fatal(err)
	}
	return all
}

func TestListEvents(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	for range 3 {
		intent := s.paid().PaymentIntent.ID
		if _, err := s.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent}); err != nil {
			t.Fatal(err)
		}
		s.hook.next()
	}
	var newest []string
	for _, e := range s.events(nil) {
		newest = append(newest, e.ID)
	}
	oldest := slices.Clone(newest)
	slices.Reverse(oldest)

	after := func(id string) *string { return stripe.String(id) }
	for _, tc := range []struct {
		name string
		p    stripe.EventListParams
		want []string
	}{
		{"pages of two", stripe.EventListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(2)}}, newest},
		{"older", stripe.EventListParams{ListParams: stripe.ListParams{StartingAfter: after(newest[1])}}, newest[2:]},
		{"newer, in pages of two", stripe.EventListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(2), EndingBefore: after(oldest[0])}}, oldest[1:]},
		{"only refunds", stripe.EventListParams{Types: stripe.StringSlice([]string{"charge.refunded"})}, []string{newest[0], newest[2], newest[4]}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			if tc.p.Types == nil {
				tc.p.Types = facts()
			}
			var got []string
			for _, e := range s.events(&tc.p) {
				got = append(got, e.ID)
			}
			if !cmp.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}

	i := s.api.Events.List(&stripe.EventListParams{ListParams: stripe.ListParams{StartingAfter: after("evt_none")}})
	if i.Next(); i.Err() == nil {
		t.Error("a list after an unknown event was given")
	}
}
