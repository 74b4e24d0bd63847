package stripehook_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

const completed = "checkout.session.completed"

func TestTake(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, kind string
		object     func(s sale) object
		edit       func(body string) string
		state      string
		books      string
	}{
		{"paid", completed, func(s sale) object { return s.session(nil) }, nil, "settled", "1 1 1 1"},
		{"paid later", "checkout.session.async_payment_succeeded", func(s sale) object { return s.session(nil) }, nil, "settled", "1 1 1 1"},
		{"not paid yet", completed, func(s sale) object { return s.session(object{"payment_status": "unpaid"}) }, nil, "settled", "1 1 0 0"},
		{"nothing to pay", completed, func(s sale) object {
			return s.session(object{"payment_status": "no_payment_required", "amount_total": 0, "payment_intent": nil})
		}, nil, "settled", "1 1 1 1"},
		{"with a discount, and tax on top", completed, func(s sale) object {
			return s.session(object{"amount_total": 5445, "total_details": object{"amount_discount": 4950, "amount_tax": 495}})
		}, nil, "settled", "1 1 1 1"},
		{"with a discount that is too small", completed, func(s sale) object {
			return s.session(object{"amount_total": 4000, "total_details": object{"amount_discount": 4950, "amount_tax": 0}})
		}, nil, "quarantined: total is 4000", "1 0 0 0"},
		{"a payment intent in full", completed, func(s sale) object {
			return s.session(object{"payment_status": "unpaid", "payment_intent": object{"id": "pi_1", "object": "payment_intent", "status": "canceled"}})
		}, nil, "settled", "1 0 0 0"},
		{"another buyer", completed, func(s sale) object { return s.session(object{"client_reference_id": "bob"}) }, nil,
			`quarantined: buyer is "bob"`, "1 0 0 0"},
		{"another currency", completed, func(s sale) object { return s.session(object{"currency": "jpy"}) }, nil,
			"quarantined: currency is jpy", "1 0 0 0"},
		{"in the buyer's currency", completed, func(s sale) object {
			return s.session(object{"currency": "cad", "amount_subtotal": 13599, "amount_total": 13599, "currency_conversion": object{
				"amount_subtotal": 9900, "amount_total": 9900, "fx_rate": "1.3736", "source_currency": "usd"}})
		}, nil, "settled", "1 1 1 1"},
		{"a refund alone", "charge.refunded", func(s sale) object { return s.charge(nil) }, nil, "settled", "1 0 0 0"},
		{"the money does not come", "checkout.session.async_payment_failed", func(s sale) object { return s.session(object{"payment_status": "unpaid"}) }, nil, "settled", "1 0 0 0"},
		{"expired", "checkout.session.expired", func(s sale) object {
			return s.session(object{"status": "expired", "payment_status": "unpaid", "payment_intent": nil})
		}, nil, "settled", "1 0 0 0"},
		{"a dispute alone", "charge.dispute.created", func(s sale) object { return s.dispute("needs_response") }, nil, "settled", "1 0 0 0"},
		{"an inquiry", "charge.dispute.created", func(s sale) object { return s.dispute("warning_needs_response") }, nil, "ignored: an inquiry", "1 0 0 0"},
		{"an inquiry that ends", "charge.dispute.closed", func(s sale) object { return s.dispute("warning_closed") }, nil, "ignored: an inquiry", "1 0 0 0"},
		{"a dispute of a new kind", "charge.dispute.updated", func(s sale) object { return s.dispute("prevented") }, nil,
			`quarantined: object: dispute status "prevented" is not known`, "1 0 0 0"},
		{"a lower price", completed, func(s sale) object { return s.session(object{"amount_subtotal": 1, "amount_total": 1}) }, nil,
			"quarantined: subtotal is 1, ours is 9900", "1 0 0 0"},
		{"live money", completed, func(s sale) object { return s.session(object{"livemode": true}) },
			func(b string) string { return strings.Replace(b, `"livemode": false`, `"livemode": true`, 1) },
			"quarantined: livemode is true, our key's is false", "1 0 0 0"},
		{"a live session in a test event", completed, func(s sale) object { return s.session(object{"livemode": true}) }, nil,
			"quarantined: livemode is true, ours is false", "1 0 0 0"},
		{"somebody else's product", completed, func(s sale) object { return s.session(object{"metadata": nil}) }, nil,
			"ignored: not sold here", "1 0 0 0"},
		{"another handbook's sale", completed, func(s sale) object {
			return s.session(object{"metadata": purchase.Marks(uuid.New(), "instrument", "staging.example")})
		}, nil,
			"ignored: sold at staging.example, not here", "1 0 0 0"},
		{"another handbook's refund", "charge.refunded", func(s sale) object {
			return s.charge(object{"metadata": purchase.Marks(uuid.New(), "instrument", "staging.example")})
		}, nil,
			"ignored: sold at staging.example, not here", "1 0 0 0"},
		{"a sale whose row is lost", completed, func(s sale) object {
			return s.session(object{"metadata": purchase.Marks(uuid.Max, "instrument", "localhost")})
		}, nil,
			"quarantined: there is no checkout", "1 0 0 0"},
		{"an unknown type", "customer.created", func(s sale) object { return object{"id": "cus_1"} }, nil,
			"ignored: nothing follows from this type", "1 0 0 0"},
		{"no version", completed, func(s sale) object { return s.session(nil) },
			func(b string) string {
				return strings.Replace(b, `"api_version": "2023-10-16"`, `"api_version": null`, 1)
			},
			`quarantined: API version is "", ours is "2023-10-16"`, "1 0 0 0"},
		{"an object of another kind", completed, func(s sale) object { return s.charge(nil) }, nil, "is a \"charge\", not a checkout.session", "1 0 0 0"},
		{"an object that cannot be read", completed, func(s sale) object { return s.session(object{"amount_total": "99.00"}) }, nil,
			"quarantined: object: ", "1 0 0 0"},
		{"no object", completed, func(s sale) object { return nil }, nil, "quarantined: object: ", "1 0 0 0"},
		{"what PostgreSQL cannot hold", completed, func(s sale) object { return s.session(object{"note": "a\x00b"}) }, nil,
			"quarantined: it cannot be stored as it is", "1 0 0 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := open(t)
			body := platformtest.Event(t, "evt_1", tc.kind, tc.object(sell(t, p)))
			if tc.edit != nil {
				body = tc.edit(body)
			}
			for range 2 { // it comes again
				if got := accept(t, p, body); !strings.Contains(got, tc.state) {
					t.Errorf("state %q, want %q", got, tc.state)
				}
				if got := books(t, p); got != tc.books {
					t.Errorf("events, purchases, grants, confirmations: %s, want %s", got, tc.books)
				}
			}
		})
	}
}

// TestVersionMended: an endpoint had another version, and is mended. What it
// tells again counts, in our version only.
func TestVersionMended(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	ours := platformtest.Event(t, "evt_1", completed, s.session(nil))
	theirs := strings.Replace(ours, "2023-10-16", "2015-04-07", 1)
	for _, tc := range []struct{ body, state, books string }{
		{theirs, `quarantined: API version is "2015-04-07", ours is "2023-10-16"`, "1 0 0 0"},
		{strings.Replace(ours, "2023-10-16", "2031-01-01", 1), `quarantined: API version is "2015-04-07", ours is "2023-10-16"`, "1 0 0 0"},
		{ours, "settled", "1 1 1 1"},
		{theirs, "settled", "1 1 1 1"},
		{ours, "settled", "1 1 1 1"},
	} {
		if got := accept(t, p, tc.body); got != tc.state {
			t.Errorf("state %q, want %q", got, tc.state)
		}
		if got := books(t, p); got != tc.books {
			t.Errorf("events, purchases, grants, confirmations: %s, want %s", got, tc.books)
		}
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', api_version, payload ->> 'api_version') FROM stripe_events`); got != "2023-10-16 2023-10-16" {
		t.Errorf("kept is version %s", got)
	}
	odd := platformtest.Event(t, "evt_2", completed, s.session(object{"amount_subtotal": 1, "amount_total": 1, "payment_intent": "pi_2"}))
	accept(t, p, strings.Replace(odd, "2023-10-16", "2015-04-07", 1))
	for range 2 {
		if got := accept(t, p, odd); got != "quarantined: payment is pi_2, ours is pi_"+s.checkout.String() {
			t.Errorf("state %q", got)
		}
	}
}

func TestRefundFirst(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	accept(t, p, platformtest.Event(t, "evt_2", "charge.refunded", s.charge(nil)))
	accept(t, p, platformtest.Event(t, "evt_1", completed, s.session(nil)))
	if got := books(t, p); got != "2 1 0 0" {
		t.Errorf("events, purchases, grants, confirmations: %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT status FROM purchases`); got != "refunded" {
		t.Errorf("status %q", got)
	}
}

func TestPartialRefundKeepsAccess(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	accept(t, p, platformtest.Event(t, "evt_1", completed, s.session(nil)))
	accept(t, p, platformtest.Event(t, "evt_2", "charge.refunded", s.charge(object{"amount_refunded": 900, "refunded": false})))
	if got := books(t, p); got != "2 1 1 1" {
		t.Errorf("events, purchases, grants, confirmations: %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY kind DESC) FROM ledger`); got != "sale 9900, refund 900" {
		t.Errorf("ledger %q", got)
	}
}

// TestDisputes closes and opens what was bought.
func TestDisputes(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	for i, step := range []struct {
		kind, status, want string
	}{
		{completed, "", "1 1 1 1"},
		{"charge.dispute.created", "needs_response", "2 1 0 1"},
		{"charge.dispute.updated", "under_review", "3 1 0 1"},
		{"charge.dispute.closed", "won", "4 1 1 1"},
		{"charge.dispute.funds_reinstated", "won", "5 1 1 1"},
		{"charge.dispute.closed", "lost", "6 1 0 1"},
	} {
		o := s.dispute(step.status)
		if step.kind == completed {
			o = s.session(nil)
		}
		if got := accept(t, p, platformtest.Event(t, fmt.Sprintf("evt_%d", i), step.kind, o)); got != "settled" {
			t.Errorf("%s %s: %s", step.kind, step.status, got)
		}
		if got := books(t, p); got != step.want {
			t.Errorf("%s %s: events, purchases, grants, confirmations: %s, want %s", step.kind, step.status, got, step.want)
		}
	}
	if got := platformtest.Text(t, p, `SELECT status || ' ' || (SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY kind DESC) FROM ledger) FROM purchases`); got != "refunded sale 9900, dispute 9900" {
		t.Errorf("purchase and ledger: %s", got)
	}
}

// TestSameEventAtOnce delivers one event ten times in parallel, and the same
// sale under other ids, as two endpoints at one address would.
func TestSameEventAtOnce(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	routes := stripehook.Routes(p)
	var all sync.WaitGroup
	for i := range 20 {
		body := platformtest.Event(t, fmt.Sprintf("evt_%d", i%2), completed, s.session(nil))
		all.Go(func() {
			if got := platformtest.Send(t, p, routes, platformtest.SignedEvent(t, p, body)); got.Status != http.StatusOK {
				t.Errorf("status %d: %s", got.Status, got.Body)
			}
		})
	}
	all.Wait()
	if got := books(t, p); got != "2 1 1 1" {
		t.Errorf("events, purchases, grants, confirmations: %s", got)
	}
}

// TestAccessAtOnce: what the process remembers of a reader must not outlast
// the event.
func TestAccessAtOnce(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	if _, err := p.DB.Exec(t.Context(), `UPDATE checkouts SET user_id = $1`, ana.ID); err != nil {
		t.Fatal(err)
	}
	s.user = ana.ID
	may := []web.Route{{Method: "GET", Path: "/may", Handle: func(w http.ResponseWriter, r *http.Request) error {
		return web.JSON(w, http.StatusOK, access.Of(r.Context()).Opens)
	}}}
	for _, step := range []struct{ event, kind, want string }{
		{"", "", "[]\n"},
		{"evt_1", completed, "[\"instrument\"]\n"},
		{"evt_2", "charge.refunded", "[]\n"},
	} {
		if step.kind == completed {
			accept(t, p, platformtest.Event(t, step.event, step.kind, s.session(nil)))
		} else if step.kind != "" {
			accept(t, p, platformtest.Event(t, step.event, step.kind, s.charge(nil)))
		}
		if got := platformtest.Call(t, p, may, ana, "GET", "/may", nil); got.Body != step.want {
			t.Errorf("after %q: %q, want %q", step.kind, got.Body, step.want)
		}
	}
	if n := platformtest.Metric(t, p, "handbook_webhook_to_access_seconds_count"); n != 1 {
		t.Errorf("%v sales were measured that opened access, want 1", n)
	}
}

// TestWithoutPostgres: Stripe must send again what was not committed.
func TestWithoutPostgres(t *testing.T) {
	t.Parallel()

	p := open(t)
	s := sell(t, p)
	body := platformtest.Event(t, "evt_1", completed, s.session(nil))
	if _, err := p.DB.Exec(t.Context(), `ALTER TABLE ledger RENAME TO gone`); err != nil {
		t.Fatal(err)
	}
	if got := post(t, p, body); got.Status != http.StatusInternalServerError {
		t.Errorf("status %d: %s", got.Status, got.Body)
	}
	if got := books(t, p); got != "0 0 0 0" {
		t.Errorf("a failed event left %s", got)
	}
	if _, err := p.DB.Exec(context.WithoutCancel(t.Context()), `ALTER TABLE gone RENAME TO ledger`); err != nil {
		t.Fatal(err)
	}
	accept(t, p, body)
	if got := books(t, p); got != "1 1 1 1" {
		t.Errorf("sent again: %s", got)
	}

	cfg := *p.Config
	cfg.DatabaseURL = "postgres://127.0.0.1:1/nothing"
	down := platformtest.Open(t, &cfg)
	if got := post(t, down, body); got.Status != http.StatusServiceUnavailable {
		t.Errorf("PostgreSQL away: status %d: %s", got.Status, got.Body)
	}
	if got := invoke(t, down, body); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("PostgreSQL away from a function: status %d: %s", got.StatusCode, got.Body)
	}
	if got := invoke(t, p, body); got.StatusCode != http.StatusOK {
		t.Errorf("sent again to a function: status %d: %s", got.StatusCode, got.Body)
	}
}

// TestAlone has what a Lambda function has: no Redis, no key of Stripe's API.
func TestAlone(t *testing.T) {
	t.Parallel()

	cfg := platformtest.Config(t)
	cfg.RedisURL, cfg.RedisCacheURL, cfg.StripeSecretKey, cfg.DatabaseMaxConns = "", "", "", 1
	p := platformtest.Open(t, cfg)
	platformtest.Sell(t, p)
	accept(t, p, platformtest.Event(t, "evt_1", completed, sell(t, p).session(nil)))
	if got := books(t, p); got != "1 1 1 1" {
		t.Errorf("events, purchases, grants, confirmations: %s", got)
	}
	if needs := web.Needs(stripehook.Routes(p)); len(needs) != 1 || needs[0] != "STRIPE_WEBHOOK_SECRET" {
		t.Errorf("needs %v", needs)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()

	p := open(t)
	for _, tc := range []struct {
		name, body string
		kind       fault.Kind
	}{
		{"too large", strings.Repeat("x", 256<<10+1), fault.TooLarge},
		{"not JSON", "x", fault.Invalid},
		{"not an event", "{}", fault.Invalid},
		{"absurd id", `{"id": "evt\u0000", "type": "x"}`, fault.Invalid},
		{"absurd time", `{"id": "evt", "type": "x", "created": 9e18}`, fault.Invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := post(t, p, tc.body); got.Status != web.Status(tc.kind) {
				t.Errorf("status %d: %s", got.Status, got.Body)
			}
		})
	}
	if got := books(t, p); got != "0 0 0 0" {
		t.Errorf("refused events left %s", got)
	}
}
