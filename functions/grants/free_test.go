package grants_test

import (
	"strings"
	"testing"

	"pilothandbook/platform/platformtest"
)

// What was free is taken back where payments are given back.
func TestFree(t *testing.T) {
	t.Parallel()
	d := open(t)
	platformtest.Exec(t, d.p, `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status) VALUES (gen_random_uuid(), $1, 'cs_1', 'instrument', 0, 'completed')`, d.ana.ID)
	platformtest.Exec(t, d.p, `INSERT INTO grants (id, user_id, module_key, purchase_id, reason) SELECT gen_random_uuid(), user_id, module_type, id, 'bought' FROM purchases`)
	rows := d.page(t).Find(".rows")
	if said := rows.Text(); !strings.Contains(said, "Opened by a free purchase") || strings.Contains(said, "give the payment back") || rows.Find("a[href$='/refund']").Text() != "take the order back" {
		t.Errorf("it says %s", said)
	}
}
