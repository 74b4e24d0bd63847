package operate_test

import (
	"testing"

	"pilothandbook/platform/platformtest"
)

// A refund is no lost dispute.
func TestFsckAfterRefund(t *testing.T) {
	t.Parallel()

	p, checkout := shop(t)
	send(t, p, "evt_2", "charge.refunded", map[string]any{
		"id": "ch_1", "object": "charge", "amount": 9900, "amount_refunded": 9900, "refunded": true, "currency": "usd",
		"payment_intent": "pi_1", "metadata": map[string]string{"checkout": checkout, "module": "instrument"},
	})
	if got := platformtest.Text(t, p, `SELECT status FROM purchases`); got != "refunded" {
		t.Fatalf("the purchase is %s", got)
	}
	if n, out := fsck(t, p); n != 0 {
		t.Errorf("%d differences after a refund:\n%s", n, out)
	}
}
