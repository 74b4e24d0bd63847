package checkout_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/functions/checkout"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/platformtest"
)

// TestDifference: who owns a part of the bundle pays the rest.
func TestDifference(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	routes := checkout.Routes(p)
	full := click(t, p, routes, ana, "bundle")
	platformtest.Bought(t, p, ana, "instrument")
	if again := click(t, p, routes, ana, "bundle"); again == full {
		t.Error("an owner still pays all")
	}
	if got := checkouts(t, p); got != "bundle 14900 expired, bundle 5000 open" {
		t.Errorf("checkouts %q", got)
	}
	if s := sessions(t, p)[1]; s.AmountSubtotal != 5000 {
		t.Errorf("Stripe takes %d", s.AmountSubtotal)
	}
	platformtest.Revoke(t, p, ana, "instrument") // the offer is withdrawn with what it rests on
	click(t, p, routes, ana, "bundle")
	if got := checkouts(t, p); got != "bundle 14900 expired, bundle 5000 expired, bundle 14900 open" {
		t.Errorf("checkouts %q", got)
	}
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Grant(t, p, ana, "private_commercial")
	if got := platformtest.Call(t, p, routes, ana, "POST", "/checkout/bundle", platformtest.Agreed()); got.Status != http.StatusConflict {
		t.Errorf("who owns all: status %d: %s", got.Status, got.Body)
	}
}

func TestPriceFor(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	price := func(who uuid.UUID, module string) purchase.Price {
		t.Helper()
		got, err := purchase.PriceFor(t.Context(), p.DB, who, module)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	platformtest.Exec(t, p, `INSERT INTO grants (id, user_id, module_key, expires_at) VALUES (gen_random_uuid(), $1, 'private_commercial', now() + interval '1 day')`, ana.ID)
	for _, tc := range []struct {
		name, change, module string
		who                  uuid.UUID
		want                 int
	}{
		{"nobody", `SELECT 1`, "bundle", uuid.Nil, 14900},
		{"lent for a day", `SELECT 1`, "bundle", ana.ID, 14900},
		{"was given one", `INSERT INTO grants (id, user_id, module_key) SELECT gen_random_uuid(), id, 'instrument' FROM users`, "bundle", ana.ID, 14900},
		{"paid for one", `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status) SELECT id, id, 'pi_1', 'instrument', 9900, 'completed' FROM users`, "bundle", ana.ID, 14900},
		{"owns what was paid", `UPDATE grants SET purchase_id = user_id WHERE module_key = 'instrument'`, "bundle", ana.ID, 5000},
		{"a module alone", `SELECT 1`, "private_commercial", ana.ID, 7900},
		{"paid more for the part than the whole costs", `UPDATE purchases SET amount = 20000`, "bundle", ana.ID, 50},
		{"in another currency", `UPDATE modules SET currency = 'eur' WHERE key = 'instrument'`, "bundle", ana.ID, 14900},
	} {
		platformtest.Exec(t, p, tc.change)
		if got := price(tc.who, tc.module); got.Amount != tc.want || got.Currency != "usd" || (got.Amount < got.Full) != (len(got.Credited) > 0) {
			t.Errorf("%s: %+v, want %d", tc.name, got, tc.want)
		}
	}
}
