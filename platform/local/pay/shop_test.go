package pay_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/stripeapi"
)

const (
	secret        = "sk_test_51Local0000000000"
	webhookSecret = "whsec_local"
	// patience bounds waiting for what must come; it is never waited out in
	// a test that passes.
	patience = 30 * time.Second
)

// shop is a seller's application: the stand-in mounted in a server, the real
// client pointed at it, and a webhook.
type shop struct {
	t    *testing.T
	pay  *pay.Stripe
	api  *stripeapi.API
	url  string // of the server
	hook *hook
}

func open(t *testing.T, h *hook, change ...func(*pay.Options)) *shop {
	t.Helper()

	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	o := pay.Options{
		Secret: secret, WebhookSecret: webhookSecret,
		WebhookURL: func() string { return h.url },
		PublicURL:  func() string { return server.URL + "/local/pay" },
		Log:        slog.New(slog.DiscardHandler),
		Retry:      []time.Duration{time.Millisecond, time.Millisecond},
	}
	for _, c := range change {
		c(&o)
	}
	p, err := pay.New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(p.Close)
	mux.Handle("/local/stripe/", http.StripPrefix("/local/stripe", p.API()))
	mux.Handle("/local/pay/", p.Pages())
	return &shop{t: t, pay: p, api: apiOf(server.URL+"/local/stripe", secret), url: server.URL, hook: h}
}

func apiOf(base, key string) *stripeapi.API {
	return stripeapi.New(key, stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(base), MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}))
}

// hook is a webhook that takes only what the real library takes.
type hook struct {
	t      *testing.T
	url    string
	events chan stripe.Event
	all    atomic.Bool   // pass on payment_intent.* too, the second event for one fact
	fail   atomic.Int64  // how many deliveries to refuse from now on
	hold   chan struct{} // deliveries wait until it is closed, if it is set
}

func listen(t *testing.T) *hook {
	t.Helper()

	h := &hook{t: t, events: make(chan stripe.Event, 100)}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.hold != nil {
		<-h.hold
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Errorf("webhook: %v", err)
	}
	event, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), webhookSecret)
	if err != nil {
		h.t.Errorf("webhook: %v", err)
	}
	if strings.HasPrefix(string(event.Type), "payment_intent.") && !h.all.Load() {
		return
	}
	if h.fail.Add(-1) >= 0 {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	h.events <- event
}

func (h *hook) next() *stripe.Event {
	h.t.Helper()

	select {
	case e := <-h.events:
		return &e
	case <-time.After(patience):
		h.t.Fatal("no event came")
		return nil
	}
}

// until repeats look until it is true.
func until(t *testing.T, what string, look func() bool) {
	t.Helper()

	for end := time.Now().Add(patience); !look(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// order is what the seller asks for; a test changes what it is about.
func order(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSessionParams {
	p := &stripe.CheckoutSessionParams{
		Mode:              stripe.String("payment"),
		ClientReferenceID: stripe.String("user-7"),
		CustomerEmail:     stripe.String("ana@example.com"),
		Metadata:          map[string]string{"module": "private"},
		SuccessURL:        stripe.String("https://shop.example/done?session={CHECKOUT_SESSION_ID}"),
		CancelURL:         stripe.String("https://shop.example/buy"),
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"checkout": "c-1"}},
		LineItems:         []*stripe.CheckoutSessionLineItemParams{item("Private pilot", "usd", 4900)},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

func item(name, currency string, amount int64) *stripe.CheckoutSessionLineItemParams {
	return &stripe.CheckoutSessionLineItemParams{
		Quantity: stripe.Int64(1),
		PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
			Currency: stripe.String(currency), UnitAmount: stripe.Int64(amount),
			ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(name)},
		},
	}
}

func (s *shop) create(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	s.t.Helper()

	made, err := s.api.CheckoutSessions.New(order(change...))
	if err != nil {
		s.t.Fatalf("create session: %v", err)
	}
	return made
}

// paid returns a session that was paid, after its event has come.
func (s *shop) paid() *stripe.CheckoutSession {
	s.t.Helper()

	made := s.create()
	if status, _ := s.submit(made.URL+"/pay", nil); status != http.StatusSeeOther {
		s.t.Fatalf("pay: status %d", status)
	}
	s.hook.next()
	return s.session(made.ID)
}

func (s *shop) session(id string, expand ...string) *stripe.CheckoutSession {
	s.t.Helper()

	p := &stripe.CheckoutSessionParams{}
	for _, e := range expand {
		p.AddExpand(e)
	}
	found, err := s.api.CheckoutSessions.Get(id, p)
	if err != nil {
		s.t.Fatalf("session %s: %v", id, err)
	}
	return found
}

// submit sends a form as a browser would and returns where it leads.
func (s *shop) submit(address string, form url.Values) (status int, location string) {
	s.t.Helper()

	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	resp := s.do(r)
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Location")
}

// do sends a request and follows no redirect.
func (s *shop) do(r *http.Request) *http.Response {
	s.t.Helper()

	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

func (s *shop) page(path string) (*http.Response, *goquery.Document) {
	s.t.Helper()

	r, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp := s.do(r)
	defer resp.Body.Close()
	doc, err := goquery.NewDocumentFromReader(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, doc
}

// words is the text of what selector finds, in single spaces.
func words(doc *goquery.Document, selector string) string {
	return strings.Join(strings.Fields(doc.Find(selector).Text()), " ")
}

// call sends a form to the API without the library, which would mend some
// faults, and returns status and error.
func (s *shop) call(path, authorization string, form url.Values) (int, stripe.Error) {
	s.t.Helper()

	r, err := http.NewRequest(http.MethodPost, s.url+"/local/stripe"+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp := s.do(r)
	defer resp.Body.Close()
	var got struct{ Error stripe.Error }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, got.Error
}

// refusal returns what Stripe's library made of an error.
func refusal(t *testing.T, err error) *stripe.Error {
	t.Helper()

	e, ok := err.(*stripe.Error)
	if !ok {
		t.Fatalf("want a *stripe.Error, got %T: %v", err, err)
	}
	return e
}
