package stripehook_test

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

const (
	current = "whsec_current"
	rolled  = "whsec_rolled"
)

// clock is when the requests of these tests arrive.
var clock = time.Unix(1772366400, 0)

func mac(body, secret string, at time.Time) string {
	return hex.EncodeToString(webhook.ComputeSignature(at, []byte(body), secret))
}

func header(at time.Time, signatures ...string) string {
	return fmt.Sprintf("t=%d,%s", at.Unix(), strings.Join(signatures, ","))
}

// rolling is a platform while its webhook secret is rolled.
func rolling(t testing.TB) *platform.Platform {
	t.Helper()
	cfg := platformtest.Config(t)
	cfg.StripeWebhookSecret = config.Secret(current + ", " + rolled)
	p := platformtest.Open(t, cfg)
	p.Now = func() time.Time { return clock }
	return p
}

func TestForgery(t *testing.T) {
	t.Parallel()

	p := rolling(t)
	routes := stripehook.Routes(p)
	const body = `{"id": "evt_1", "type": "customer.created", "created": 1}`
	v1 := "v1=" + mac(body, current, clock)
	early, late := clock.Add(-299*time.Second), clock.Add(299*time.Second)
	tooEarly, tooLate := clock.Add(-301*time.Second), clock.Add(301*time.Second)
	for _, tc := range []struct {
		name   string
		body   string
		header []string
		good   bool
	}{
		{"as Stripe sends it", body, []string{header(clock, v1)}, true},
		{"with v0 of a test key", body, []string{header(clock, v1, "v0="+mac(body, current, clock))}, true},
		{"the other secret", body, []string{header(clock, "v1="+mac(body, rolled, clock))}, true},
		{"several v1, one of them ours", body, []string{header(clock, "v1="+mac(body, "whsec_other", clock), v1)}, true},
		{"split by a gateway", body, strings.Split(header(clock, v1, "v0=00"), ","), true},
		{"joined with spaces by a gateway", body, []string{strings.ReplaceAll(header(clock, v1), ",", ", ")}, true},
		{"299 s old", body, []string{header(early, "v1="+mac(body, current, early))}, true},
		{"299 s to come", body, []string{header(late, "v1="+mac(body, current, late))}, true},

		{"301 s old", body, []string{header(tooEarly, "v1="+mac(body, current, tooEarly))}, false},
		{"301 s to come", body, []string{header(tooLate, "v1="+mac(body, current, tooLate))}, false},
		{"altered body", body + " ", []string{header(clock, v1)}, false},
		{"altered signature", body, []string{header(clock, v1[:len(v1)-1]+"_")}, false},
		{"altered time", body, []string{header(clock.Add(time.Second), v1)}, false},
		{"wrong secret", body, []string{header(clock, "v1="+mac(body, "whsec_wrong", clock))}, false},
		{"empty secret", body, []string{header(clock, "v1="+mac(body, "", clock))}, false},
		{"v0 alone", body, []string{header(clock, "v0="+mac(body, current, clock))}, false},
		{"many wrong v1", body, []string{header(clock, strings.Split(strings.Repeat("v1=00,", 500), ",")...)}, false},
		{"two times", body, []string{fmt.Sprintf("t=%d,%s", tooEarly.Unix(), header(clock, v1))}, false},
		{"no time", body, []string{v1}, false},
		{"a time that is none", body, []string{"t=now," + v1}, false},
		{"a time written otherwise", body, []string{fmt.Sprintf("t=+%d,%s", clock.Unix(), v1)}, false},
		{"no signature", body, []string{header(clock)}, false},
		{"an empty signature", body, []string{header(clock, "v1=")}, false},
		{"empty header", body, []string{""}, false},
		{"no header", body, nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := p.DB.Exec(t.Context(), `DELETE FROM stripe_events`); err != nil {
				t.Fatal(err)
			}
			got := platformtest.Send(t, p, routes, request(t, tc.body, tc.header...))
			want, rows := http.StatusBadRequest, "0"
			if tc.good {
				want, rows = http.StatusOK, "1"
			}
			if got.Status != want {
				t.Errorf("status %d, want %d: %s", got.Status, want, got.Body)
			}
			if stored := platformtest.Text(t, p, `SELECT count(*)::text FROM stripe_events`); stored != rows {
				t.Errorf("%s events are stored, want %s", stored, rows)
			}
		})
	}
}

func request(t testing.TB, body string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/stripe/webhook", strings.NewReader(body))
	for _, h := range headers {
		r.Header.Add("Stripe-Signature", h)
	}
	return r
}

// FuzzStripeSigHeader: whatever is taken in, Stripe's own library takes too,
// and its time is within the tolerance.
func FuzzStripeSigHeader(f *testing.F) {
	good := header(clock, "v1="+mac(event, current, clock))
	f.Add(event, good)
	f.Add(event+" ", good)
	f.Add(event, strings.Replace(good, "v1", "v0", 1))
	f.Add(event, good+",v1=00")
	f.Add(event, "t=1,"+good)
	f.Add(event, strings.ReplaceAll(good, ",", " ,\t"))
	f.Add(event, "t="+strconv.FormatInt(clock.Unix(), 10))
	f.Add(event, "t=9223372036854775807,v1=00")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, body, header string) {
		sent := http.Header{"Stripe-Signature": {header}}
		if stripehook.Verify([]byte(body), sent, []string{current, rolled}, clock) != nil {
			return
		}
		var parts []string // gateways add spaces
		for part := range strings.SplitSeq(header, ",") {
			parts = append(parts, strings.TrimSpace(part))
		}
		tidy := strings.Join(parts, ",")
		one := webhook.ValidatePayloadIgnoringTolerance([]byte(body), tidy, current)
		two := webhook.ValidatePayloadIgnoringTolerance([]byte(body), tidy, rolled)
		if one != nil && two != nil {
			t.Errorf("%q with %q is taken in: %v, %v", body, header, one, two)
		}
		if stripehook.Verify([]byte(body), sent, []string{current, rolled}, clock.Add(601*time.Second)) == nil {
			t.Errorf("%q is taken in at any time", header)
		}
	})
}

// FuzzStripeEventDecode: whatever Stripe signs is answered with 200 or 400, so that it
// never sends anything for ever, and gives nothing away.
func FuzzStripeEventDecode(f *testing.F) {
	p := rolling(f)
	platformtest.Sell(f, p)
	s := sell(f, p)
	paid := platformtest.Event(f, "evt_1", completed, s.session(object{"client_reference_id": "nobody"}))
	f.Add(paid)
	f.Add(platformtest.Event(f, "evt_2", "charge.refunded", s.charge(nil)))
	f.Add(strings.Replace(paid, "2023-10-16", "2015-04-07", 1))
	f.Add(strings.Replace(paid, `"usd"`, `"\u0000"`, 1))
	f.Add(strings.Replace(paid, `9900`, `1e9999`, 1))
	f.Add(strings.Replace(paid, `"paid"`, "\"\xff\"", 1))
	f.Add(`{"id": "e", "type": "charge.refunded", "api_version": "2023-10-16", "data": {"object": []}}`)
	f.Add(`[]`)
	routes := stripehook.Routes(p)
	f.Fuzz(func(t *testing.T, body string) {
		r := request(t, body, header(clock, "v1="+mac(body, current, clock)))
		if got := platformtest.Send(t, p, routes, r); got.Status != http.StatusOK && got.Status != http.StatusBadRequest && got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%q: status %d, %s", body, got.Status, got.Body)
		}
		if got := platformtest.Text(t, p, `SELECT count(*)::text FROM grants`); got != "0" {
			t.Errorf("%q gave %s grants", body, got)
		}
	})
}
