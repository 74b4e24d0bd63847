package operate_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
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

// Who deletes their account before a mail was made, of whom Stripe has no
// address either, cannot be told, and no operator could change that.
func TestFsckOfUntold(t *testing.T) {
	t.Parallel()

	p, _ := shop(t)
	platformtest.Exec(t, p, `INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason, stripe_refund_id) SELECT gen_random_uuid(), 'pi_1', id, 'instrument', 9900, 'usd', 'requested', 're_1' FROM users`)
	if n, out := fsck(t, p); n != 1 || !strings.Contains(out, "a payer is not told of a refund: pi_1") {
		t.Errorf("%d differences while there is an account:\n%s", n, out)
	}
	platformtest.Exec(t, p, `DELETE FROM users`)
	if n, out := fsck(t, p); n != 0 {
		t.Errorf("%d differences without one:\n%s", n, out)
	}
}

// What was free is taken back by a fact alone, of which its reader is told.
func TestFsckAfterWithdrawal(t *testing.T) {
	t.Parallel()

	p, checkout := shop(t)
	platformtest.Exec(t, p, `UPDATE payment_facts SET amount = 0`) // as if a promotion code had taken all off
	platformtest.Exec(t, p, `UPDATE purchases SET amount = 0`)
	platformtest.Exec(t, p, `UPDATE ledger SET amount = 0`)
	if n, out := fsck(t, p); n != 0 {
		t.Fatalf("%d differences before:\n%s", n, out)
	}
	platformtest.Exec(t, p, `INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id) VALUES ('pi_1', 'withdrawn', 'x', 0, 'usd', now(), $1)`, checkout)
	if n, out := fsck(t, p); n < 3 || !strings.Contains(out, "pi_1 is completed, its payment refunded") || !strings.Contains(out, "a reader is not told that a free order was taken back") {
		t.Errorf("%d differences, where the fact has no consequence:\n%s", n, out)
	}
	platformtest.Exec(t, p, `DELETE FROM payment_facts WHERE kind = 'withdrawn'`)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		if _, err := queue.Add(t.Context(), tx, job.RefundNotice{Payment: "pi_1"}); err != nil {
			return err
		}
		_, err := purchase.Settle(t.Context(), tx, purchase.Withdrawal("pi_1", "usd", false, uuid.New(), p.Now()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := platformtest.Text(t, p, `SELECT status FROM purchases`); got != "refunded" {
		t.Fatalf("the purchase is %s", got)
	}
	if n, out := fsck(t, p); n != 0 {
		t.Errorf("%d differences afterwards:\n%s", n, out)
	}
}
