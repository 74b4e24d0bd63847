package stripehook_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router/lambda"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func open(t testing.TB) *platform.Platform {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	return p
}

// sale is a checkout of somebody.
type sale struct {
	user, checkout uuid.UUID
	p              *platform.Platform
}

func sell(t testing.TB, p *platform.Platform) sale {
	t.Helper()
	s := sale{uuid.New(), uuid.New(), p}
	_, err := p.DB.Exec(t.Context(), `INSERT INTO users (id, email) VALUES ($1, $2)`, s.user, s.user.String()+"@example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.DB.Exec(t.Context(), `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at)
		VALUES ($1, $2, 'instrument', 9900, 'usd', false, '{}', now() + interval '1 day')`, s.checkout, s.user)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type object = map[string]any

// session is the checkout's session, paid, with some changes.
func (s sale) session(change object) object {
	return merged(object{
		"id": "cs_" + s.checkout.String(), "object": "checkout.session", "livemode": false,
		"status": "complete", "payment_status": "paid", "currency": "usd", "amount_subtotal": 9900, "amount_total": 9900,
		"client_reference_id": s.user, "metadata": purchase.Marks(s.checkout, "instrument", s.p.Config.Host()), "payment_intent": "pi_" + s.checkout.String(),
	}, change)
}

// charge is the checkout's charge, given back, with some changes.
func (s sale) charge(change object) object {
	return merged(object{
		"id": "ch_" + s.checkout.String(), "object": "charge", "livemode": false, "amount": 9900, "amount_refunded": 9900, "refunded": true,
		"currency": "usd", "metadata": purchase.Marks(s.checkout, "instrument", s.p.Config.Host()), "payment_intent": "pi_" + s.checkout.String(),
	}, change)
}

// dispute is what a bank asks about the checkout's payment.
func (s sale) dispute(status string) object {
	return object{
		"id": "dp_" + s.checkout.String(), "object": "dispute", "livemode": false, "amount": 9900, "currency": "usd",
		"status": status, "charge": "ch_" + s.checkout.String(), "payment_intent": "pi_" + s.checkout.String(), "metadata": object{},
	}
}

func merged(o, change object) object {
	for name, v := range change {
		o[name] = v
	}
	return o
}

// post sends an event as Stripe does.
func post(t testing.TB, p *platform.Platform, body string) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, body))
}

// invoke sends an event through AWS Lambda's payload, as Stripe's to a function.
func invoke(t testing.TB, p *platform.Platform, body string) (answer events.LambdaFunctionURLResponse) {
	t.Helper()
	r := platformtest.SignedEvent(t, p, body)
	payload, err := json.Marshal(events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: r.URL.Path, Body: body, Headers: map[string]string{"stripe-signature": r.Header.Get("Stripe-Signature")},
		RequestContext: events.LambdaFunctionURLRequestContext{HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: http.MethodPost, Path: r.URL.Path}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := lambda.Wrap(p, stripehook.Routes(p)...).Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// accept posts an event that must be answered with 200, and returns what
// became of it.
func accept(t testing.TB, p *platform.Platform, body string) string {
	t.Helper()
	got := post(t, p, body)
	if got.Status != http.StatusOK {
		t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	return platformtest.Text(t, p, `SELECT concat_ws(': ', state, nullif(reason, '')) FROM stripe_events ORDER BY received_at DESC LIMIT 1`)
}

// books counts events, purchases, open grants and confirmations.
func books(t testing.TB, p *platform.Platform) string {
	t.Helper()
	return platformtest.Text(t, p, `
		SELECT concat_ws(' ', (SELECT count(*) FROM stripe_events), (SELECT count(*) FROM purchases),
			(SELECT count(*) FROM grants WHERE revoked_at IS NULL), (SELECT count(*) FROM outbox WHERE kind = 'purchase-confirmation'))`)
}
