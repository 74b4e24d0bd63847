package operate_test

import (
	"strings"
	"testing"

	"pilothandbook/operate"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

func TestPrice(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 9900, "holding"))
	exec(t, p, `INSERT INTO checkouts (id, module_type, amount, currency, livemode, params, expires_at) VALUES (gen_random_uuid(), 'instrument', 9900, 'usd', false, '{}', now() + interval '1 day')`)
	price := func(module string, cents int) (string, error) {
		t.Helper()
		var said strings.Builder
		err := operate.Price(t.Context(), p, &said, module, cents)
		return said.String(), err
	}
	if said, err := price("instrument", 8900); err != nil || said != "instrument costs 8900 usd cents now, 9900 before; 1 open checkouts keep the price that they were made with\n" {
		t.Errorf("%v, said %q", err, said)
	}
	if said, err := price("instrument", 8900); err != nil || !strings.Contains(said, "8900 before") {
		t.Errorf("again: %v, said %q", err, said)
	}
	for cents, want := range map[int]fault.Kind{0: fault.Invalid, -9900: fault.Invalid, 49: fault.Invalid, 100_001: fault.Invalid} {
		if _, err := price("instrument", cents); !fault.Is(err, want) {
			t.Errorf("%d cents: %v", cents, err)
		}
	}
	if _, err := price("seaplane", 9900); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown module: %v", err)
	}
	again := platformtest.Volume("instrument", "Instrument Rating", 9900, "holding", "approaches")
	again.Version.Version, again.Checksum = "1.1.0", "instrument-1.1.0"
	platformtest.Publish(t, p, again)
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', price, currency, (SELECT amount FROM checkouts)) FROM modules WHERE key = 'instrument'`); got != "8900 usd 9900" {
		t.Errorf("after the next edition: %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(action || ' ' || subject || ' ' || detail, '; ') FROM audit_log WHERE action = 'price set'`); got != `price set module:instrument {"by": "handbook price", "to": 8900, "from": 9900, "currency": "usd"}` {
		t.Errorf("the record has %s", got)
	}
}
