package operate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/stripehook"
	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
)

// spoken are versions of Stripe's API that are not ours, older and newer ones,
// and one that is to come.
func spoken() []string {
	return []string{
		"2012-07-09", "2013-08-13", "2014-06-17", "2014-12-17", "2015-04-07", "2015-10-16", "2016-07-06", "2017-08-15",
		"2018-11-08", "2019-05-16", "2020-08-27", "2022-08-01", "2022-11-15", "2024-06-20", "2024-09-30.acacia",
		"2025-03-31.basil", "2025-09-30.clover", "2026-01-28.clover", "2031-01-01.zephyr", "",
	}
}

// as returns an event in the form of another version of the API, as far as it
// matters here: what was not there yet, or looked otherwise.
func as(t testing.TB, event, version string) string {
	t.Helper()
	var ev map[string]any
	if err := json.Unmarshal([]byte(event), &ev); err != nil {
		t.Fatal(err)
	}
	ev["api_version"] = version
	o, _ := ev["data"].(map[string]any)["object"].(map[string]any)
	switch {
	case version == "":
		ev["api_version"] = nil
		delete(o, "payment_intent")
	case version < "2018": // there were neither payment intents nor checkout sessions
		ev["request"] = "iar_" + fmt.Sprint(ev["id"])
		for _, name := range []string{"payment_intent", "payment_status", "amount_total", "amount_subtotal", "total_details", "billing_details", "receipt_url"} {
			delete(o, name)
		}
		if o["object"] == "charge" {
			o["status"], o["card"], o["refunds"], o["fee"] = "paid", map[string]any{"object": "card", "last4": "4242"}, []any{}, 30
		}
	case version < "2023":
		delete(o, "status")
		o["display_items"] = []any{map[string]any{"amount": 9900, "type": "custom"}}
	case version > "2030": // nobody knows it
		for name, v := range o {
			if n, ok := v.(float64); ok {
				o[name] = map[string]any{"value": fmt.Sprint(n), "unit": "minor"}
			}
		}
	case version > "2025":
		delete(o, "invoice")
		o["presentment_details"], o["payment_intent"] = map[string]any{"presentment_amount": 9900, "presentment_currency": "usd"}, nil
	}
	body, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// market sells two modules to a buyer for each version: one is given back, the
// other disputed and lost.
func market(t testing.TB) (p *platform.Platform, till *platformtest.Till, events []string) {
	t.Helper()
	p, till = platformtest.Shop(t)
	buy := func(who *platformtest.User, module string) string {
		t.Helper()
		var to struct{ URL string }
		platformtest.Call(t, p, checkout.Routes(p), who, "POST", "/checkout/"+module, platformtest.Agreed()).Into(t, &to)
		till.Pay(t, to.URL)
		return to.URL[strings.LastIndex(to.URL, "/")+1:]
	}
	for i := range spoken() {
		who := platformtest.Learner(t, p, fmt.Sprintf("pilot%d@example.com", i))
		till.Refund(t, buy(who, "instrument"))
		disputed := buy(who, "private_commercial")
		till.Do(t, disputed, pay.Dispute)
		till.Do(t, disputed, pay.Lose)
	}
	return p, till, till.Events(t, p)
}

const undone = `
	SELECT concat_ws(' ', (SELECT count(*) FROM purchases WHERE status = 'refunded'), (SELECT count(*) FROM grants WHERE revoked_at IS NULL),
		(SELECT sum(amount) FROM ledger WHERE kind = 'sale'), (SELECT sum(amount) FROM ledger WHERE kind = 'refund'), (SELECT sum(amount) FROM ledger WHERE kind = 'dispute'))`

// TestReplayOfVersions: an endpoint that was made with another version of the
// API has every event quarantined, and replaying them settles them all.
func TestReplayOfVersions(t *testing.T) {
	t.Parallel()

	p, _, events := market(t)
	versions := spoken()
	for i, event := range events {
		for _, version := range []string{versions[i%len(versions)], versions[(i+7)%len(versions)]} { // it comes again
			got := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, as(t, event, version)))
			if got.Status != 200 || !strings.Contains(got.Body, "quarantined") {
				t.Fatalf("of version %q: status %d: %s", version, got.Status, got.Body)
			}
		}
	}
	if got := platformtest.Text(t, p, undone); got != "0 0" || len(events) != 100 {
		t.Fatalf("%d events wrote %s", len(events), got)
	}
	replay := func(want string) {
		t.Helper()
		var said strings.Builder
		if err := operate.Replay(t.Context(), p, &said, "all"); err != nil || !strings.HasSuffix(said.String(), want) {
			t.Errorf("%v, said %s", err, said.String())
		}
	}
	replay("100 events: 100 settled, 0 ignored, 0 still quarantined\n")
	if got := platformtest.Text(t, p, undone); got != "40 0 356000 198000 158000" {
		t.Errorf("the books have %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', count(*), count(DISTINCT subject)) FROM audit_log WHERE action = 'event replayed'`); got != "100 100" {
		t.Errorf("the record has %s of 100 events", got)
	}
	if n, said := fsck(t, p); n != 0 {
		t.Errorf("%d differences:\n%s", n, said)
	}
	before := dump(t, p)
	replay("0 events: 0 settled, 0 ignored, 0 still quarantined\n")
	for _, event := range events[:3] {
		var ev struct{ ID string }
		if err := json.Unmarshal([]byte(event), &ev); err != nil {
			t.Fatal(err)
		}
		if err := operate.Replay(t.Context(), p, &strings.Builder{}, ev.ID); err != nil {
			t.Error(err)
		}
	}
	if dump(t, p) != before {
		t.Error("a second replay wrote something")
	}
}

// dump returns all rows of all tables.
func dump(t testing.TB, p *platform.Platform) string {
	t.Helper()
	return platformtest.Text(t, p, `
		SELECT string_agg(tablename || query_to_xml('SELECT * FROM ' || quote_ident(tablename) || ' AS x ORDER BY x::text', true, false, '')::text, E'\n' ORDER BY tablename)
		FROM pg_tables
		WHERE schemaname = 'public'`)
}
