package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// sold is how many sales there are in a storm.
const sold = 24

// TestStorm tells of the same sales and refunds, each event three times and in
// the same disorder, once the host alone, and once the function and the host by
// turns.
func TestStorm(t *testing.T) {
	t.Parallel()
	bin := build(t, ".")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rows := map[bool]string{}
	for _, shared := range []bool{false, true} {
		p, till := platformtest.Shop(t)
		storm := slices.Repeat(told(t, p, till), 3)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(storm), func(i, j int) { storm[i], storm[j] = storm[j], storm[i] })
		api, end := boot(t, bin, p)
		t.Cleanup(end)
		for i, event := range storm {
			r := platformtest.SignedEvent(t, p, event)
			status, body := 0, ""
			if shared && i%2 == 0 {
				status, body = api.invoke(t, events.LambdaFunctionURLRequest{Version: "2.0", RawPath: r.URL.Path,
					Headers: map[string]string{"stripe-signature": r.Header.Get("Stripe-Signature")}, Body: event,
					RequestContext: events.LambdaFunctionURLRequestContext{HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: "POST", Path: r.URL.Path}}})
			} else {
				got := platformtest.Send(t, p, stripehook.Routes(p), r)
				status, body = got.Status, string(got.Body)
			}
			if status != http.StatusOK {
				t.Fatalf("event %d, function %v: %d %s", i, shared, status, body)
			}
		}
		rows[shared] = platformtest.Text(t, p, `
			SELECT string_agg(line, E'\n' ORDER BY line) FROM (
				SELECT concat_ws(' ', 'purchase', u.email, module_type, amount, status) FROM purchases JOIN users u ON u.id = user_id
				UNION ALL SELECT concat_ws(' ', 'grant', u.email, module_key, revoked_at IS NULL) FROM grants JOIN users u ON u.id = user_id
				UNION ALL SELECT concat_ws(' ', 'ledger', u.email, l.kind, l.amount)
				FROM ledger l JOIN purchases p USING (stripe_payment_id) JOIN users u ON u.id = p.user_id
				UNION ALL SELECT concat_ws(' ', 'fact', u.email, f.kind, f.amount)
				FROM payment_facts f JOIN purchases p USING (stripe_payment_id) JOIN users u ON u.id = p.user_id
				UNION ALL SELECT concat_ws(' ', 'job', kind, count(*)) FROM outbox GROUP BY kind
				UNION ALL SELECT concat_ws(' ', 'event', type, state, count(*)) FROM stripe_events GROUP BY type, state) AS _ (line)`)
	}
	if rows[true] != rows[false] {
		t.Errorf("the host alone:\n%s\n\nwith the function:\n%s", rows[false], rows[true])
	}
}

// told returns what Stripe tells of sold sales, of which each fourth is
// refunded.
func told(t *testing.T, p *platform.Platform, till *platformtest.Till) []string {
	t.Helper()
	for i := range sold {
		who := platformtest.Learner(t, p, fmt.Sprintf("reader%d@example.com", i))
		var to struct{ URL string }
		platformtest.Call(t, p, checkout.Routes(p), who, "POST", "/checkout/instrument", platformtest.Agreed()).Into(t, &to)
		till.Pay(t, to.URL)
		if i%4 == 0 {
			till.Refund(t, path.Base(to.URL))
		}
	}
	return till.Events(t, p)
}
