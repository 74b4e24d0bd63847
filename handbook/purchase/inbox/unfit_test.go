package inbox_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"pilothandbook/functions/account"
	"pilothandbook/functions/checkout"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/platformtest"
)

// payload returns what is kept of all events as text, with base64 read.
func payload(t *testing.T, p *platform.Platform) string {
	t.Helper()
	var kept, coded string
	err := p.DB.QueryRow(t.Context(), `
		SELECT string_agg(payload::text, ' '), coalesce(string_agg(coalesce(payload #>> '{data,object,base64}', payload ->> 'base64'), ''), '')
		FROM stripe_events`).Scan(&kept, &coded)
	if err != nil {
		t.Fatal(err)
	}
	body, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		t.Fatal(err)
	}
	return kept + string(body)
}

// TestUnfit takes in an event that PostgreSQL cannot store. It is kept as it
// was sent, can be replayed, and is found when its buyer's account is deleted,
// be it before or after that.
func TestUnfit(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, odd string }{
		{"a NUL", `"\u0000canary"`},
		{"half a character", `"\ud800canary"`},
		{"a number too large", `{"canary": 1e400000}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, _ := platformtest.Shop(t)
			ana := platformtest.Learner(t, p, "ana@example.com")
			platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed())
			var id, session string
			if err := p.DB.QueryRow(t.Context(), `SELECT id::text, stripe_session_id FROM checkouts`).Scan(&id, &session); err != nil {
				t.Fatal(err)
			}
			event := func(evt string) string {
				return strings.Replace(platformtest.Event(t, evt, "checkout.session.completed", map[string]any{
					"id": session, "object": "checkout.session", "status": "complete", "payment_status": "paid", "payment_intent": "pi_1",
					"amount_subtotal": 9900, "amount_total": 9900, "currency": "usd", "livemode": false, "client_reference_id": ana.ID,
					"metadata": map[string]string{"checkout": id, "module": "instrument"}, "customer_details": "odd",
				}), `"odd"`, tc.odd, 1)
			}
			if out := take(t, p, event("evt_1")); out.State != purchase.Quarantined {
				t.Fatalf("%+v", out)
			}
			if got := payload(t, p); !strings.Contains(got, tc.odd) {
				t.Errorf("kept is %s", got)
			}
			if out, err := inbox.Of(p).Replay(t.Context(), "evt_1", "test"); err != nil || out.State != purchase.Settled {
				t.Errorf("replayed: %+v, %v", out, err)
			}
			if a := platformtest.Send(t, p, account.Routes(p), platformtest.Form(t, ana, "/account/delete", url.Values{"confirm": {ana.Email}}.Encode())); a.Status != 303 {
				t.Fatal(a.Status, a.Body)
			}
			if got := payload(t, p); strings.Contains(got, "canary") || strings.Contains(got, "base64") {
				t.Errorf("after the account is deleted: %s", got)
			}
			take(t, p, event("evt_2"))
			if got := payload(t, p); strings.Contains(got, "canary") || !strings.Contains(got, id) {
				t.Errorf("told after the account is deleted: %s", got)
			}
			if out, err := inbox.Of(p).Replay(t.Context(), "evt_2", "test"); err != nil || out.State != purchase.Settled {
				t.Errorf("replayed without the person: %+v, %v", out, err)
			}
		})
	}
}

// TestOldUnfit replays an event as it was kept formerly.
func TestOldUnfit(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	body := platformtest.Event(t, "evt_1", "charge.refunded", map[string]any{"id": "ch_1", "object": "charge", "description": "\x00"})
	if _, err := p.DB.Exec(t.Context(), `
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload)
		VALUES ('evt_1', 'charge.refunded', '', false, now(), 'quarantined', jsonb_build_object('base64', $1::text))`, base64.StdEncoding.EncodeToString([]byte(body))); err != nil {
		t.Fatal(err)
	}
	if out, err := inbox.Of(p).Replay(t.Context(), "evt_1", "test"); err != nil || out.State != purchase.Ignored {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestForget: Redis is told what closes, as it would open it while PostgreSQL
// is away. What opens is left to its hour.
func TestForget(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed()).Into(t, &to)
	kept := func() bool {
		_, ok := cache.Get[[]string](t.Context(), p.Cache, cache.Purchase, ana.ID.String())
		return ok
	}
	cache.Set(t.Context(), p.Cache, cache.Purchase, ana.ID.String(), []string{"instrument"})
	till.Pay(t, to.URL)
	for _, event := range till.Events(t, p) {
		take(t, p, event)
	}
	if !kept() {
		t.Error("dropped though a sale only opens")
	}
	till.Refund(t, to.URL[strings.LastIndex(to.URL, "/")+1:])
	for _, event := range till.Events(t, p) {
		take(t, p, event)
	}
	if kept() {
		t.Error("Redis still opens what was given back")
	}
}
