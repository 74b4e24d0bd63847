package post_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
)

// TestPaymentFailed tells once whose money does not come, and nobody whose money
// came after all.
func TestPaymentFailed(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	failed, came, open := uuid.New(), uuid.New(), uuid.New()
	for checkout, kinds := range map[uuid.UUID][]string{failed: {"submitted", "failed"}, came: {"failed", "paid"}, open: {"submitted"}} {
		platformtest.Exec(t, p, `
			INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at, state)
			VALUES ($1, $2, 'instrument', 9900, 'usd', false, '{}', now(), 'complete')`, checkout, ana.ID)
		platformtest.Exec(t, p, `
			INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id)
			SELECT 'pi_' || $1::uuid::text, kind, 'cs_1', 9900, 'usd', now(), $1 FROM unnest($2::text[]) AS of (kind)`, checkout, kinds)
	}
	for range 2 {
		for _, checkout := range []uuid.UUID{failed, came, open, uuid.New()} {
			if err := j.PaymentFailed(t.Context(), job.PaymentFailed{Checkout: checkout}); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].To != "ana@example.com" || all[0].Subject != "Your payment did not go through: Instrument Rating" {
		t.Fatalf("%d mails: %+v", len(all), all)
	}
	for _, text := range []string{all[0].Text, all[0].HTML} {
		if !strings.Contains(text, address+"/modules/instrument") || !strings.Contains(text, "you owe us") {
			t.Errorf("the mail says:\n%s", text)
		}
	}
}
