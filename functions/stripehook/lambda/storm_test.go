package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// The figures of a storm.
const (
	sold       = 24
	functions  = 2 // run at once, as the template has it
	deliverers = 4
)

// TestStorm tells of the same sales and refunds the host alone, in their order,
// and then the host and the functions at once, half each: each event three times,
// in disorder, by several at the same moment. All that is about money is equal.
func TestStorm(t *testing.T) {
	t.Parallel()
	alone, till := platformtest.Shop(t)
	events := told(t, alone, till)
	shared, _ := platformtest.Shop(t)
	copied(t, alone, shared)
	for _, event := range events {
		if status, body := toHost(t, alone, event); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	storm(t, shared, events)
	want, got := books(t, alone), books(t, shared)
	if want != got {
		t.Errorf("the host alone:\n%s\n\nwith the functions:\n%s", want, got)
	}
	if n := strings.Count(want, "\n"); n < 5*sold {
		t.Errorf("there are only %d rows:\n%s", n, want)
	}
	if twice := platformtest.Text(t, shared, `
		SELECT coalesce(string_agg(purchase, ' '), '')
		FROM (SELECT payload->>'purchase' FROM outbox WHERE kind = 'purchase-confirmation' GROUP BY 1 HAVING count(*) > 1) AS _ (purchase)`); twice != "" {
		t.Errorf("confirmed more than once: %s", twice)
	}
}

// storm has all deliverers tell of the events, every other one by a function.
func storm(t *testing.T, p *platform.Platform, events []string) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	all := slices.Repeat(events, 3)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	bin := build(t, ".")
	var apis []*lambdaAPI
	for range functions {
		api, end := boot(t, bin, p)
		t.Cleanup(end)
		apis = append(apis, api)
	}
	var next, byFunction atomic.Int64
	var telling sync.WaitGroup
	for range deliverers {
		telling.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				status, body := 0, ""
				if i%2 == 0 {
					status, body = apis[i/2%functions].invoke(t, byURL(platformtest.SignedEvent(t, p, all[i]), all[i]))
					byFunction.Add(1)
				} else {
					status, body = toHost(t, p, all[i])
				}
				if status != http.StatusOK {
					t.Errorf("event %d: %d %s", i, status, body)
				}
			}
		})
	}
	telling.Wait()
	if half := int64(len(all)+1) / 2; byFunction.Load() != half {
		t.Errorf("the functions took %d of %d, want %d", byFunction.Load(), len(all), half)
	}
}

// toHost tells the host of an event.
func toHost(t *testing.T, p *platform.Platform, event string) (int, string) {
	t.Helper()
	got := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event))
	return got.Status, got.Body
}

// byURL is a request as AWS passes it on that came to a function's address.
func byURL(r *http.Request, body string) events.LambdaFunctionURLRequest {
	return events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: r.URL.Path, Headers: map[string]string{"stripe-signature": r.Header.Get("Stripe-Signature")}, Body: body,
		RequestContext: events.LambdaFunctionURLRequestContext{HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: r.Method, Path: r.URL.Path}},
	}
}

// copied has another handbook know the same buyers and what they set out to buy.
func copied(t *testing.T, from, to *platform.Platform) {
	t.Helper()
	for _, table := range []string{"users", "checkouts"} {
		rows := platformtest.Text(t, from, `SELECT json_agg(r)::text FROM `+table+` r`)
		if _, err := to.DB.Exec(t.Context(), `INSERT INTO `+table+` SELECT * FROM json_populate_recordset(NULL::`+table+`, $1)`, rows); err != nil {
			t.Fatal(err)
		}
	}
}

// books lists all that is about money, but for random ids, when a row was
// written, and the mails of accounts. Whether a purchase that was given back was confirmed before depends
// on what came first: of those the mails do not count.
func books(t *testing.T, p *platform.Platform) string {
	t.Helper()
	return platformtest.Text(t, p, `
		SELECT string_agg(line, E'\n' ORDER BY line) FROM (
			SELECT concat_ws(' ', 'purchase', to_jsonb(p) - 'id') FROM purchases p
			UNION ALL SELECT concat_ws(' ', 'grant', to_jsonb(g) - 'id' - 'purchase_id', stripe_payment_id) FROM grants g LEFT JOIN purchases p ON p.id = purchase_id
			UNION ALL SELECT concat_ws(' ', 'ledger', to_jsonb(l) - 'id') FROM ledger l
			UNION ALL SELECT concat_ws(' ', 'fact', to_jsonb(f)) FROM payment_facts f
			UNION ALL SELECT concat_ws(' ', 'checkout', to_jsonb(c)) FROM checkouts c
			UNION ALL SELECT concat_ws(' ', 'refund', to_jsonb(r) - 'id' - 'created_at') FROM refunds r
			UNION ALL SELECT concat_ws(' ', 'event', to_jsonb(e) - 'received_at' - 'payload', md5(payload::text)) FROM stripe_events e
			UNION ALL SELECT concat_ws(' ', 'job', kind, stripe_payment_id, count(*))
			FROM outbox o LEFT JOIN purchases p ON p.id::text = payload->>'purchase'
			WHERE kind <> 'welcome-email' AND (kind <> 'purchase-confirmation' OR p.status = 'completed')
			GROUP BY kind, stripe_payment_id) AS _ (line)`)
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
