package pay_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
)

func TestPurchase(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create()
	if !strings.HasPrefix(made.ID, "cs_test_") || made.Object != "checkout.session" {
		t.Errorf("id %q, object %q", made.ID, made.Object)
	}
	if made.Status != "open" || made.PaymentStatus != "unpaid" || made.PaymentIntent != nil || made.Livemode {
		t.Errorf("new session is %s, %s, intent %v, live %v", made.Status, made.PaymentStatus, made.PaymentIntent, made.Livemode)
	}
	if made.AmountSubtotal != 4900 || made.AmountTotal != 4900 || made.TotalDetails == nil || made.Currency != "usd" {
		t.Errorf("amounts %d, %d, %s", made.AmountSubtotal, made.AmountTotal, made.Currency)
	}
	if made.URL != s.url+"/local/pay/"+made.ID || made.ExpiresAt-made.Created != 24*60*60 {
		t.Errorf("url %q, open for %d s", made.URL, made.ExpiresAt-made.Created)
	}
	if made.ClientReferenceID != "user-7" || made.Metadata["module"] != "private" || made.CustomerEmail != "ana@example.com" {
		t.Errorf("reference %q, metadata %v, e-mail %q", made.ClientReferenceID, made.Metadata, made.CustomerEmail)
	}

	status, location := s.submit(made.URL+"/pay", nil)
	if want := "https://shop.example/done?session=" + made.ID; status != http.StatusSeeOther || location != want {
		t.Errorf("pay leads to %d %q, want %q", status, location, want)
	}
	s.checkPaid(made.ID, s.hook.next())
}

// checkPaid compares what the event tells with what the API tells.
func (s *shop) checkPaid(id string, e *stripe.Event) {
	s.t.Helper()

	if e.Type != "checkout.session.completed" || e.Livemode || !strings.HasPrefix(e.ID, "evt_") || e.Request.ID != "" {
		s.t.Errorf("event %s %s, live %v, request %q", e.Type, e.ID, e.Livemode, e.Request.ID)
	}
	if _, ok := e.Data.Object["payment_intent"].(string); !ok {
		s.t.Errorf("payment_intent of the event is %T, want an id", e.Data.Object["payment_intent"])
	}
	var told stripe.CheckoutSession
	if err := json.Unmarshal(e.Data.Raw, &told); err != nil {
		s.t.Fatal(err)
	}
	if told.ID != id || told.Status != "complete" || told.PaymentStatus != "paid" || told.URL != "" {
		s.t.Errorf("event tells of %s, %s, %s, url %q", told.ID, told.Status, told.PaymentStatus, told.URL)
	}
	if told.CustomerDetails.Email != "ana@example.com" || told.ClientReferenceID != "user-7" {
		s.t.Errorf("event tells of %q, %q", told.CustomerDetails.Email, told.ClientReferenceID)
	}

	intent := s.session(id, "payment_intent", "payment_intent.latest_charge").PaymentIntent
	if intent.ID != told.PaymentIntent.ID || intent.Status != "succeeded" || intent.AmountReceived != 4900 || intent.Metadata["checkout"] != "c-1" {
		s.t.Errorf("intent %s, %s, %d, %v", intent.ID, intent.Status, intent.AmountReceived, intent.Metadata)
	}
	if c := intent.LatestCharge; !c.Paid || c.PaymentIntent.ID != intent.ID || c.Metadata["checkout"] != "c-1" {
		s.t.Errorf("charge %s: paid %v, intent %s", c.ID, c.Paid, c.PaymentIntent.ID)
	}
	plain, err := s.api.PaymentIntents.Get(intent.ID, nil)
	if err != nil || plain.LatestCharge.ID != intent.LatestCharge.ID || plain.LatestCharge.Paid {
		s.t.Errorf("intent: %v, charge %+v; want its id only", err, plain.LatestCharge)
	}
}

func TestPressingPayAtOnce(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create()
	var presses sync.WaitGroup
	for range 16 {
		presses.Go(func() {
			if status, _ := s.submit(made.URL+"/pay", nil); status != http.StatusSeeOther {
				t.Errorf("pay: status %d", status)
			}
		})
	}
	presses.Wait()
	want := []string{"payment_intent.succeeded", "checkout.session.completed"}
	if got := s.eventTypes(&stripe.EventListParams{}); !cmp.Equal(got, want) {
		t.Errorf("events %v, want one of each of %v", got, want)
	}
}

func TestRedirectDoesNotWaitForDelivery(t *testing.T) {
	t.Parallel()

	h := listen(t)
	h.hold = make(chan struct{})
	s := open(t, h)
	made := s.create()
	if status, _ := s.submit(made.URL+"/pay", nil); status != http.StatusSeeOther {
		t.Errorf("pay: status %d", status)
	}
	close(h.hold)
	h.next()
}

func TestNothingToPay(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create(func(p *stripe.CheckoutSessionParams) {
		p.LineItems = []*stripe.CheckoutSessionLineItemParams{item("Sample", "usd", 0)}
	})
	s.submit(made.URL+"/pay", nil)
	s.hook.next()
	if got := s.session(made.ID); got.Status != "complete" || got.PaymentStatus != "no_payment_required" || got.PaymentIntent != nil {
		t.Errorf("session is %s, %s, intent %v", got.Status, got.PaymentStatus, got.PaymentIntent)
	}
}

func TestBuyerIsAskedForEmail(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create(func(p *stripe.CheckoutSessionParams) { p.CustomerEmail = nil })
	if status, _ := s.submit(made.URL+"/pay", url.Values{"email": {"nobody"}}); status != http.StatusBadRequest {
		t.Errorf("pay without e-mail: status %d, want 400", status)
	}
	if status, _ := s.submit(made.URL+"/pay", url.Values{"email": {"ben@example.com"}}); status != http.StatusSeeOther {
		t.Errorf("pay: status %d", status)
	}
	got := s.session(made.ID)
	if got.CustomerDetails == nil || got.CustomerDetails.Email != "ben@example.com" || got.CustomerEmail != "" {
		t.Errorf("details %+v, customer_email %q", got.CustomerDetails, got.CustomerEmail)
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	paid := s.paid()
	intent := paid.PaymentIntent.ID

	part, err := s.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent, Amount: stripe.Int64(900), Reason: stripe.String("requested_by_customer")})
	if err != nil || part.Amount != 900 || part.Status != "succeeded" || part.PaymentIntent.ID != intent {
		t.Fatalf("refund: %v, %+v", err, part)
	}
	s.checkRefunded(s.hook.next(), intent, 900, false, 1)

	_, err = s.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent, Amount: stripe.Int64(4001)})
	if e := refusal(t, err); e.HTTPStatusCode != http.StatusBadRequest || e.Param != "amount" {
		t.Errorf("too much: %d, param %q", e.HTTPStatusCode, e.Param)
	}

	if status, location := s.submit(s.url+"/local/pay/"+paid.ID+"/refund", nil); status != http.StatusSeeOther || location != "/local/pay/" {
		t.Errorf("refund on the page: %d %q", status, location)
	}
	s.checkRefunded(s.hook.next(), intent, 4900, true, 2)

	_, err = s.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent})
	if e := refusal(t, err); e.Code != stripe.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("third refund: code %q", e.Code)
	}
	if _, doc := s.page("/local/pay/"); doc.Find("form").Length() != 0 || !strings.Contains(words(doc, ".card"), "refunded") {
		t.Errorf("list offers a refund still: %s", words(doc, ".card"))
	}
}

func (s *shop) checkRefunded(e *stripe.Event, intent string, amount int64, all bool, refunds int) {
	s.t.Helper()

	var c stripe.Charge
	if err := json.Unmarshal(e.Data.Raw, &c); err != nil {
		s.t.Fatal(err)
	}
	if e.Type != "charge.refunded" || c.Object != "charge" || c.PaymentIntent.ID != intent {
		s.t.Errorf("event %s of a %s of %s", e.Type, c.Object, c.PaymentIntent.ID)
	}
	if c.Amount != 4900 || c.AmountRefunded != amount || c.Refunded != all || len(c.Refunds.Data) != refunds {
		s.t.Errorf("charge: %d of %d refunded (%v) in %d", c.AmountRefunded, c.Amount, c.Refunded, len(c.Refunds.Data))
	}
	if _, ok := e.Data.PreviousAttributes["amount_refunded"]; !ok {
		s.t.Errorf("previous attributes %v", e.Data.PreviousAttributes)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create()
	expired, err := s.api.CheckoutSessions.Expire(made.ID, &stripe.CheckoutSessionExpireParams{})
	if err != nil || expired.Status != "expired" || expired.URL != "" {
		t.Fatalf("expire: %v, %+v", err, expired)
	}
	if e := s.hook.next(); e.Type != "checkout.session.expired" || e.GetObjectValue("id") != made.ID || e.Request.ID == "" || e.Request.IdempotencyKey == "" {
		t.Errorf("event %s, request %+v", e.Type, e.Request)
	}
	if status, _ := s.submit(made.URL+"/pay", nil); status != http.StatusConflict {
		t.Errorf("pay after expiry: status %d, want 409", status)
	}
	if got := s.session(made.ID); got.PaymentStatus != "unpaid" || got.PaymentIntent != nil {
		t.Errorf("session is %s, intent %v", got.PaymentStatus, got.PaymentIntent)
	}
	_, err = s.api.CheckoutSessions.Expire(made.ID, nil)
	if e := refusal(t, err); e.HTTPStatusCode != http.StatusBadRequest {
		t.Errorf("second expire: %d", e.HTTPStatusCode)
	}
	_, err = s.api.CheckoutSessions.Expire(s.paid().ID, nil)
	if e := refusal(t, err); e.HTTPStatusCode != http.StatusBadRequest {
		t.Errorf("expire after payment: %d", e.HTTPStatusCode)
	}
}

func TestExpiresByItself(t *testing.T) {
	t.Parallel()

	var ahead atomic.Int64
	s := open(t, listen(t), func(o *pay.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	made := s.create(func(p *stripe.CheckoutSessionParams) {
		p.ExpiresAt = stripe.Int64(time.Now().Add(40 * time.Minute).Unix())
	})
	ahead.Store(int64(41 * time.Minute))
	if status, _ := s.submit(made.URL+"/pay", nil); status != http.StatusConflict {
		t.Errorf("pay too late: status %d, want 409", status)
	}
	if e := s.hook.next(); e.Type != "checkout.session.expired" {
		t.Errorf("event %s", e.Type)
	}

	ahead.Store(int64(31 * 24 * time.Hour))
	if got := s.eventTypes(nil); len(got) != 0 {
		t.Errorf("events after 31 days: %v", got)
	}
}
