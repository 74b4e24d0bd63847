package stripehook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// BenchmarkSettle compares a sale through the whole router (inbox, facts,
// purchase, grant, ledger, job) with the least that a webhook can do: verify
// and commit one row. Only the ratio of the two counts.
func BenchmarkSettle(b *testing.B) {
	p := open(b)
	for name, h := range map[string]http.Handler{"sale": router.New(p, stripehook.Routes(p)...), "bare": bare(p)} {
		b.Run(name, func(b *testing.B) {
			requests := make([]*http.Request, b.N)
			for i := range requests {
				s := sell(b, p)
				requests[i] = signed(b, p, platformtest.Event(b, "evt_"+s.checkout.String(), completed, s.session(nil)))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, r := range requests {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

func signed(b *testing.B, p *platform.Platform, body string) *http.Request {
	s := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: []byte(body), Secret: p.Config.WebhookSecrets()[0], Timestamp: time.Now(),
	})
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/stripe/webhook", strings.NewReader(body))
	r.Header.Set("Stripe-Signature", s.Header)
	return r
}

// bare verifies and commits one row, and nothing else.
func bare(p *platform.Platform) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = webhook.ValidatePayload(body, r.Header.Get("Stripe-Signature"), p.Config.WebhookSecrets()[0])
		}
		if err == nil {
			_, err = p.DB.Exec(r.Context(), `
				INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload)
				VALUES (gen_random_uuid()::text, 'bare', '', false, now(), 'ignored', $1)`, body)
		}
		if err != nil {
			http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
		}
	})
}
