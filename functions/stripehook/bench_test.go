package stripehook_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76/webhook"

	"pilothandbook/functions/stripehook"
	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/local/postgres"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// perRound is how many events one handler gets before the other has its turn, of
// which each has perHandler: the median of fewer tells of the machine.
const perRound, perHandler = 160, 15

// BenchmarkWebhook compares first sales through the whole router (inbox,
// facts, purchase, grant, ledger, job) with the least that a webhook can do:
// verify and commit one row. PostgreSQL is durable, as in production: on the
// disk of this machine, which may only promise to keep what it was told to
// sync, and on one that syncs no more than 635 times a second, as a cloud's
// volume does. The two have their turns in the same run, of which the medians
// count; only their ratio tells something.
func BenchmarkWebhook(b *testing.B) {
	p := durable(b)
	ours, bare := router.New(p, stripehook.Routes(p)...), bare(p)
	for _, at := range []struct {
		disk       string
		sync       time.Duration // how much longer than here
		deliverers int
		share      float64 // of the least, in percent: 70 are wanted, the others must not become less
	}{
		{"here", 0, 1, 30},
		{"here", 0, 8, 22},
		{"volume", time.Second / 635, 1, 70},
		{"volume", time.Second / 635, 8, 40},
	} {
		b.Run(fmt.Sprintf("disk=%s/deliverers=%d", at.disk, at.deliverers), func(b *testing.B) {
			slow(b, p, at.sync)
			var sale, least turns
			for b.Loop() {
				for range perHandler {
					sale.deliver(b, ours, sales(b, p), at.deliverers)
					least.deliver(b, bare, sales(b, p), at.deliverers)
				}
			}
			share := 100 * sale.rate() / least.rate()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(sale.rate(), "sales/s")
			b.ReportMetric(least.rate(), "bare/s")
			b.ReportMetric(share, "%")
			b.ReportMetric(sale.allocations(), "allocs/sale")
			b.ReportMetric(least.allocations(), "allocs/bare")
			if share < at.share {
				b.Errorf("a sale reaches %.0f %% of committing one row, want %.0f %%", share, at.share)
			}
		})
	}
}

// slow has each flush of PostgreSQL's log take longer, as it does on a slower
// disk: whoever flushes waits, and takes along what came meanwhile.
func slow(b *testing.B, p *platform.Platform, by time.Duration) {
	b.Helper()
	for _, q := range []string{
		fmt.Sprintf(`ALTER SYSTEM SET commit_delay = %d`, by.Microseconds()),
		`ALTER SYSTEM SET commit_siblings = 0`,
		`SELECT pg_reload_conf()`,
	} {
		if _, err := p.DB.Exec(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	want := fmt.Sprintf("%d", by.Microseconds())
	for { // each process of PostgreSQL reads it when it next does something
		var got string
		if err := p.DB.QueryRow(b.Context(), `SELECT setting FROM pg_settings WHERE name = 'commit_delay'`).Scan(&got); err != nil {
			b.Fatal(err)
		}
		if got == want {
			return
		}
	}
}

// turns are what one handler has done.
type turns struct {
	took   []time.Duration
	allocs uint64
}

// deliver sends events to a handler, by so many at once.
func (s *turns) deliver(b *testing.B, h http.Handler, events []*http.Request, deliverers int) {
	var before, after runtime.MemStats
	next := make(chan *http.Request, len(events))
	for _, r := range events {
		next <- r
	}
	close(next)
	var all sync.WaitGroup
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range deliverers {
		all.Go(func() {
			for r := range next {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Error(w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	s.took = append(s.took, time.Since(start))
	runtime.ReadMemStats(&after)
	s.allocs += after.Mallocs - before.Mallocs
}

// rate returns the events a second in the median turn.
func (s *turns) rate() float64 {
	slices.Sort(s.took)
	return perRound / s.took[len(s.took)/2].Seconds()
}

func (s *turns) allocations() float64 { return float64(s.allocs) / float64(perRound*len(s.took)) }

// durable returns a platform whose PostgreSQL keeps what it commits.
func durable(b *testing.B) *platform.Platform {
	server, err := postgres.Start(b.Context(), postgres.Options{Data: filepath.Join(b.TempDir(), "data"), Durable: true}) // on a disk
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = server.Stop()
		_ = os.RemoveAll(server.Data()) // which may be elsewhere
	})
	cfg := platformtest.Config(b)
	cfg.DatabaseURL, cfg.DatabaseMaxConns = config.Secret(server.URL("postgres")), 10
	if _, err := db.Migrate(context.Background(), cfg.DatabaseURL.Reveal(), migrations.Files, slog.New(slog.DiscardHandler)); err != nil {
		b.Fatal(err)
	}
	p := platformtest.Open(b, cfg)
	platformtest.Sell(b, p)
	return p
}

// sales returns signed events of perRound sales, each of a new buyer.
func sales(b *testing.B, p *platform.Platform) []*http.Request {
	users, checkouts, requests := make([]uuid.UUID, perRound), make([]uuid.UUID, perRound), make([]*http.Request, perRound)
	for i := range perRound {
		s := sale{p: p, user: uuid.New(), checkout: uuid.Must(uuid.NewV7())}
		users[i], checkouts[i] = s.user, s.checkout
		requests[i] = signed(b, p, platformtest.Event(b, "evt_"+s.checkout.String(), completed, s.session(whole())))
	}
	for _, q := range []string{
		`INSERT INTO users (id, email) SELECT id, id || '@example.com' FROM unnest($1::uuid[], $2::uuid[]) AS _ (id, checkout)`,
		`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at)
		 SELECT checkout, id, 'instrument', 9900, 'usd', false, '{}', now() + interval '1 day' FROM unnest($1::uuid[], $2::uuid[]) AS _ (id, checkout)`,
	} {
		if _, err := p.DB.Exec(b.Context(), q, users, checkouts); err != nil {
			b.Fatal(err)
		}
	}
	return requests
}

// whole is what else Stripe tells of a session.
func whole() object {
	o := object{
		"mode": "payment", "created": 1764000000, "expires_at": 1764086400, "customer": nil, "customer_creation": "if_required",
		"customer_details": object{"address": object{"city": nil, "country": "US", "line1": nil, "line2": nil, "postal_code": "94107", "state": nil},
			"email": "ana@example.com", "name": "Ana Example", "phone": nil, "tax_exempt": "none", "tax_ids": []any{}},
		"automatic_tax": object{"enabled": false, "liability": nil, "status": nil}, "custom_fields": []any{},
		"custom_text":            object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"invoice_creation":       object{"enabled": false, "invoice_data": object{"custom_fields": nil, "description": nil, "footer": nil, "metadata": object{}}},
		"payment_method_options": object{}, "payment_method_types": []string{"card", "link"}, "phone_number_collection": object{"enabled": false},
		"total_details": object{"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
		"success_url":   "https://handbook.example/checkout/return?session={CHECKOUT_SESSION_ID}", "cancel_url": "https://handbook.example/modules/instrument",
	}
	for _, name := range strings.Fields("after_expiration allow_promotion_codes billing_address_collection client_secret consent consent_collection " +
		"currency_conversion customer_email invoice locale payment_link payment_method_collection payment_method_configuration_details " +
		"recovered_from setup_intent shipping_address_collection shipping_cost shipping_details submit_type subscription ui_mode url") {
		o[name] = nil
	}
	return o
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
				VALUES (gen_random_uuid()::text, 'bare', '', false, now(), 'settled', $1)`, body)
		}
		if err != nil {
			http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
		}
	})
}
