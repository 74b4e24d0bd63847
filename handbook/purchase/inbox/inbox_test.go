package inbox_test

import (
	"errors"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func take(t *testing.T, p *platform.Platform, body string) purchase.Outcome {
	t.Helper()
	ev, err := inbox.Read([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := inbox.Of(p).Take(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFailedRefund: the payer's bank does not take the money back. The books
// stay, and an operator is told until they say that they saw to it.
func TestFailedRefund(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed()).Into(t, &to)
	till.Pay(t, to.URL)
	till.Refund(t, to.URL[strings.LastIndex(to.URL, "/")+1:])
	for _, event := range till.Events(t, p) {
		take(t, p, event)
	}
	refund := func(id, kind, payment, status string) purchase.Outcome {
		t.Helper()
		return take(t, p, platformtest.Event(t, id, kind, map[string]any{
			"id": "re_1", "object": "refund", "amount": 9900, "currency": "usd", "status": status, "payment_intent": payment, "failure_reason": "lost_or_stolen_card",
		}))
	}
	var payment string
	if err := p.DB.QueryRow(t.Context(), `SELECT stripe_payment_id FROM purchases`).Scan(&payment); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ id, kind, payment, status, want string }{
		{"evt_a", "charge.refund.updated", payment, "succeeded", purchase.Ignored},
		{"evt_b", "charge.refund.updated", payment, "pending", purchase.Ignored},
		{"evt_c", "charge.refund.updated", "pi_of_a_mug", "failed", purchase.Ignored},
		{"evt_d", "refund.updated", payment, "canceled", purchase.Quarantined},
		{"evt_e", "refund.failed", payment, "failed", purchase.Quarantined},
		{"evt_f", "charge.refund.updated", payment, "failed", purchase.Quarantined},
	} {
		if out := refund(tc.id, tc.kind, tc.payment, tc.status); out.State != tc.want {
			t.Errorf("%s, %s: %+v, want %s", tc.kind, tc.status, out, tc.want)
		}
	}
	var stands string
	err := p.DB.QueryRow(t.Context(), `
		SELECT concat_ws(' ', (SELECT status FROM purchases), (SELECT count(*) FROM grants WHERE revoked_at IS NULL),
			(SELECT sum(amount) FROM ledger WHERE kind = 'refund'), (SELECT reason FROM stripe_events WHERE id = 'evt_f'))`).Scan(&stands)
	if err != nil || !strings.HasPrefix(stands, "refunded 0 9900 refund re_1 of 9900 usd failed (lost_or_stolen_card): the payer has not got the money of payment "+payment) {
		t.Errorf("%q, %v", stands, err)
	}
	in := inbox.Of(p)
	if waiting, err := in.Quarantined(t.Context()); err != nil || len(waiting) != 3 {
		t.Errorf("%q wait, %v", waiting, err)
	}
	if out, err := in.Replay(t.Context(), "evt_f", "test"); err != nil || out.State != purchase.Quarantined || !strings.HasPrefix(out.Reason, "refund re_1") {
		t.Errorf("judged again: %+v, %v", out, err)
	}
	for range 2 {
		if out, err := in.Seen(t.Context(), "evt_f", "test"); err != nil || out.State != purchase.Ignored || !strings.HasPrefix(out.Reason, "an operator saw to it: refund re_1") {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if out, err := in.Replay(t.Context(), "evt_f", "test"); err != nil || out.State != purchase.Ignored {
		t.Errorf("judged again after it was closed: %+v, %v", out, err)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', action, subject, detail), '; ') FROM audit_log`); got != `event closed event:evt_f {"by": "test", "type": "charge.refund.updated"}` {
		t.Errorf("the record has %s", got)
	}
	if _, err := in.Seen(t.Context(), "evt_0", "test"); !errors.Is(err, inbox.ErrNoEvent) {
		t.Errorf("an unknown event: %v", err)
	}
}

// What is ignored is kept without the person, whom the deletion of an account
// would not find there. What may have to be judged again stays whole.
func TestIgnoredWithoutPerson(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	person := map[string]any{"email": "canary@example.com", "name": "canary"}
	customer := map[string]any{"id": "cus_1", "object": "customer", "email": "canary@example.com", "name": "canary", "address": map[string]any{"line1": "canary"}}
	session := map[string]any{"id": "cs_1", "object": "checkout.session", "payment_status": "paid", "payment_intent": "pi_1", "customer_details": person}
	nul := map[string]any{"id": "cus_2", "object": "customer", "name": "canary\x00"}
	for _, tc := range []struct {
		id, kind string
		object   map[string]any
		want     string
	}{
		{"evt_a", "customer.created", customer, purchase.Ignored},
		{"evt_b", "customer.deleted", customer, purchase.Ignored},
		{"evt_c", "checkout.session.completed", session, purchase.Ignored},
		{"evt_d", "customer.updated", nul, purchase.Quarantined},
		{"evt_e", "charge.refunded", customer, purchase.Quarantined},
	} {
		if out := take(t, p, platformtest.Event(t, tc.id, tc.kind, tc.object)); out.State != tc.want {
			t.Errorf("%s: %+v, want %s", tc.kind, out, tc.want)
		}
	}
	if out, err := inbox.Of(p).Replay(t.Context(), "evt_d", "test"); err != nil || out.State != purchase.Ignored {
		t.Errorf("judged again: %+v, %v", out, err)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(id, ' ') FROM stripe_events WHERE payload::text ~ 'canary|base64'`); got != "evt_e" {
		t.Errorf("the person is in %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', payload ->> 'type', payload #>> '{data,object,payment_intent}') FROM stripe_events WHERE id = 'evt_c'`); got != "checkout.session.completed pi_1" {
		t.Errorf("without the person there is left %q", got)
	}
}
