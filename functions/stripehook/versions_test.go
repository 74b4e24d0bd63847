package stripehook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform/platformtest"
)

// versions are twenty of Stripe's API, older and newer than ours.
func versions() []string {
	return []string{
		"2015-04-07", "2015-10-16", "2016-07-06", "2017-04-06", "2017-08-15", "2018-05-21", "2018-11-08", "2019-03-14", "2019-12-03", "2020-03-02",
		"2020-08-27", "2022-08-01", "2022-11-15", "2023-08-16", "2024-04-10", "2024-06-20", "2024-09-30.acacia", "2025-03-31.basil", "2025-09-30.clover", "2026-01-28.clover",
	}
}

// toldIn is an event as another version tells it; the old ones had no more of
// the request than its id.
func toldIn(t *testing.T, event, version string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(event), &all); err != nil {
		t.Fatal(err)
	}
	all["api_version"] = version
	if version < "2017-05-25" {
		all["request"] = "req_1"
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestVersions: an event of any other version is taken, waits unread, and is
// settled when it is judged again.
func TestVersions(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	for _, v := range versions() {
		ana := platformtest.Learner(t, p, strings.ReplaceAll(v, ".", "-")+"@example.com")
		var to struct{ URL string }
		platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed()).Into(t, &to)
		till.Pay(t, to.URL)
	}
	events := till.Events(t, p)
	if len(events) != len(versions()) {
		t.Fatalf("%d events of %d sales", len(events), len(versions()))
	}
	for i, v := range versions() {
		for range 2 { // it comes again
			if got, want := accept(t, p, toldIn(t, events[i], v)), `quarantined: API version is "`+v+`", ours is "2023-10-16"`; got != want {
				t.Errorf("state %q, want %q", got, want)
			}
		}
	}
	if got := books(t, p); got != "20 0 0 0" {
		t.Errorf("events, purchases, grants, confirmations: %s", got)
	}
	in := inbox.Of(p)
	waiting, err := in.Quarantined(t.Context())
	if err != nil || len(waiting) != len(versions()) {
		t.Fatalf("%d wait, %v", len(waiting), err)
	}
	for _, id := range waiting {
		if out, err := in.Replay(t.Context(), id, "test"); err != nil || out.State != purchase.Settled {
			t.Errorf("%s judged again: %+v, %v", id, out, err)
		}
	}
	if got := books(t, p); got != "20 20 20 20" {
		t.Errorf("events, purchases, grants, confirmations: %s", got)
	}
}
