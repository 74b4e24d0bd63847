package post_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/purchase/gift"
	"pilothandbook/platform/platformtest"
)

// TestGift mails the giver a code and words to pass on, once.
func TestGift(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	a, checkout := buy(t, p, ana.ID, "instrument", "completed"), uuid.New()
	platformtest.Exec(t, p, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at, gift, state)
		VALUES ($1, $2, 'instrument', 7900, 'usd', false, '{}', now(), true, 'complete')`, checkout, ana.ID)
	platformtest.Exec(t, p, `UPDATE purchases SET checkout_id = $2, amount = 4345, discount = 3950, tax = 395 WHERE id = $1`, a.Purchase, checkout)
	platformtest.Exec(t, p, `
		INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at)
		SELECT gen_random_uuid(), stripe_payment_id, module_type, 'ABCDEFGH', purchased_at FROM purchases`)
	for range 2 {
		if err := j.Confirmation(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].Subject != "Your gift: Instrument" {
		t.Fatalf("%d mails: %+v", len(all), all)
	}
	code := gift.Code(p.Config.AuthSecret.Reveal(), "ABCDEFGH")
	for _, want := range []string{code, address + "/redeem", address + "/orders/" + checkout.String() + "/receipt", "$43.45", "with $3.95 tax", "$39.50 off", address + "/terms"} {
		if !strings.Contains(all[0].Text, want) || !strings.Contains(all[0].HTML, want) {
			t.Errorf("the mail does not say %q:\n%s", want, all[0].Text)
		}
	}
	if strings.Contains(all[0].Text, address+"/modules") {
		t.Error("the giver is told to read it")
	}
}
