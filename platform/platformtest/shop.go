package platformtest

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/local/pay"
)

// Sell puts all modules on sale, each with an active version.
func Sell(t testing.TB, p *platform.Platform) {
	t.Helper()
	for _, statement := range []string{`
		INSERT INTO modules (key, title, price, includes) VALUES
			('private_commercial', 'Private and Commercial Pilot', 7900, '{}'),
			('instrument', 'Instrument Rating', 9900, '{}'),
			('bundle', 'The Whole Handbook', 14900, '{private_commercial,instrument}')
		ON CONFLICT DO NOTHING`, `
		INSERT INTO sources (id, module_key, version, digest, files)
		SELECT gen_random_uuid(), key, '1.0.0', sha256(key::bytea), '[]' FROM modules`, `
		INSERT INTO content_versions (id, module_id, version, checksum, is_active, source_id, title)
		SELECT gen_random_uuid(), m.key, '1.0.0', encode(s.digest, 'hex'), true, s.id, m.title
		FROM modules m
		JOIN sources s ON s.module_key = m.key`,
	} {
		if _, err := p.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// Till is a stand-in for Stripe of the test's own, reached by p.Stripe.
type Till struct {
	Down   atomic.Bool // Stripe does not answer its API
	Lost   atomic.Bool // it does what it is asked, but its answers are lost
	Stripe *pay.Stripe // the stand-in itself

	Meanwhile atomic.Pointer[func(*http.Request)] // happens before a call of the API is answered

	url  string
	hook atomic.Pointer[string]
}

// Shop returns a platform whose modules are on sale, with its till.
func Shop(t testing.TB) (*platform.Platform, *Till) {
	t.Helper()
	cfg := Config(t)
	till := OpenTill(t, cfg)
	p := Open(t, cfg)
	Sell(t, p)
	return p, till
}

// OpenTill starts a stand-in for Stripe, with changes of its settings, and
// leads cfg to it.
func OpenTill(t testing.TB, cfg *config.Config, change ...func(*pay.Options)) *Till {
	t.Helper()
	till := &Till{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	o := pay.Options{
		Secret: cfg.StripeSecretKey.Reveal(), WebhookSecret: cfg.WebhookSecrets()[0],
		WebhookURL: till.webhook,
		PublicURL:  func() string { return server.URL + "/local/pay" },
		Log:        slog.New(slog.DiscardHandler), Retry: []time.Duration{},
	}
	for _, f := range change {
		f(&o)
	}
	s, err := pay.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	mux.Handle("/local/pay/", s.Pages())
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		if happens := till.Meanwhile.Load(); happens != nil {
			(*happens)(r)
		}
		switch {
		case till.Down.Load():
			http.Error(w, "down", http.StatusBadGateway)
		case till.Lost.Load():
			s.API().ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			s.API().ServeHTTP(w, r)
		}
	})
	till.Stripe, till.url, cfg.StripeAPIBase = s, server.URL, server.URL
	return till
}

func (s *Till) webhook() string {
	if url := s.hook.Load(); url != nil {
		return *url
	}
	return ""
}

// Deliver has events sent to h from now on, at the path of the webhook.
func (s *Till) Deliver(t testing.TB, h http.Handler) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	url := server.URL + "/api/stripe/webhook"
	s.hook.Store(&url)
}

// Pay does what a buyer does on the checkout's page.
func (s *Till) Pay(t testing.TB, url string) {
	t.Helper()
	s.press(t, url+"/pay")
}

// Refund gives back all of what was paid for a session.
func (s *Till) Refund(t testing.TB, session string) {
	t.Helper()
	s.Do(t, session, pay.Refund)
}

// Do does a deed with a session, as the button on its page does.
func (s *Till) Do(t testing.TB, session string, d pay.Deed) {
	t.Helper()
	s.press(t, s.url+"/local/pay/"+session+"/"+string(d))
}

func (s *Till) press(t testing.TB, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("POST %s: %s", url, res.Status)
	}
}

// Events returns what Stripe has told so far, oldest first, as it is sent,
// without the events of payment intents, which tell a fact a second time.
func (s *Till) Events(t testing.TB, p *platform.Platform) []string {
	t.Helper()
	list := p.Stripe.Events.List(&stripe.EventListParams{})
	var events []string
	for list.Next() {
		if strings.HasPrefix(string(list.Event().Type), "payment_intent.") {
			continue
		}
		body, err := json.Marshal(list.Event())
		if err != nil {
			t.Fatal(err)
		}
		events = append([]string{string(body)}, events...)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}

// SignedEvent makes a request as Stripe sends it: body, signed with the
// platform's first webhook secret.
func SignedEvent(t testing.TB, p *platform.Platform, body string) *http.Request {
	t.Helper()
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: []byte(body), Secret: p.Config.WebhookSecrets()[0], Timestamp: p.Now(),
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/stripe/webhook", strings.NewReader(body))
	r.Header.Set("Stripe-Signature", signed.Header)
	return r
}

// Event returns the body of an event that Stripe could send; object is its
// data.
func Event(t testing.TB, id, kind string, object any) string {
	t.Helper()
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"id": %q, "object": "event", "api_version": %q, "created": %d, "livemode": false, "type": %q, "data": {"object": %s}}`,
		id, stripe.APIVersion, time.Now().Unix(), kind, body)
}
