package analytics_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/functions/analytics"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/router/lambda"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// request is one of a browser, with these events as JSON.
func request(t testing.TB, who *platformtest.User, events ...string) *http.Request {
	t.Helper()
	r := platformtest.Request(t, who, http.MethodPost, "/api/analytics", `{"events":[`+strings.Join(events, ",")+`]}`)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// event is one that happened so long ago, with more fields.
func event(kind string, ago time.Duration, more string) string {
	return fmt.Sprintf(`{"kind":%q,"at":%q%s}`, kind, time.Now().Add(-ago).UTC().Format(time.RFC3339Nano), more)
}

const holding = `,"module":"instrument","lesson":"holding","version":"1.0.0"`

type answer struct{ Taken, Dropped int }

func tell(t *testing.T, p *platform.Platform, r *http.Request) (got answer) {
	t.Helper()
	a := platformtest.Send(t, p, analytics.Routes(p), r)
	if a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	a.Into(t, &got)
	return got
}

// stored lists all events, after those in memory were written.
func stored(t testing.TB, p *platform.Platform) string {
	t.Helper()
	p.Flush()
	return platformtest.Text(t, p, `
		SELECT coalesce(string_agg(concat_ws(' ', kind, module_id, lesson_id, version, email), '; ' ORDER BY kind, email), '')
		FROM analytics_events
		LEFT JOIN users ON users.id = user_id`)
}

func dropped(t *testing.T, p *platform.Platform, result string) float64 {
	t.Helper()
	return platformtest.Metric(t, p, `handbook_analytics_events_total{result="`+result+`"}`)
}

// What is right is stored, and the rest counted by what is wrong with it.
func TestTake(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	for _, tc := range []struct{ name, event, result, stored string }{
		{"the catalogue", event("catalog-viewed", 0, ""), "stored", "catalog-viewed   "},
		{"a module", event("module-viewed", 0, `,"module":"instrument"`), "stored", "module-viewed instrument  "},
		{"a lesson", event("lesson-read", 0, holding), "stored", "preview-read instrument holding 1.0.0"},
		{"a lesson to its end", event("lesson-finished", 0, holding), "stored", "lesson-finished instrument holding 1.0.0"},
		{"a checkout", event("checkout-started", 0, `,"module":"instrument"`), "stored", "checkout-started instrument  "},
		{"back from it", event("purchase-returned", 0, ""), "stored", "purchase-returned   "},
		{"a search", event("search-used", 0, `,"zoom":2`), "stored", "search-used   "},
		{"yesterday", event("search-used", 23*time.Hour, ""), "stored", "search-used   "},
		{"a clock that is a little fast", event("search-used", -4*time.Minute, ""), "stored", "search-used   "},

		{"a day before yesterday", event("search-used", 25*time.Hour, ""), "old", ""},
		{"no time", `{"kind":"search-used"}`, "old", ""},
		{"to come", event("search-used", -6*time.Minute, ""), "future", ""},
		{"a far year", `{"kind":"search-used","at":"9999-12-31T23:59:59Z"}`, "future", ""},
		{"no text", `7`, "malformed", ""},
		{"no such day", `{"kind":"search-used","at":"2026-02-31T00:00:00Z"}`, "malformed", ""},
		{"a kind of its own", event("landed", 0, ""), "malformed", ""},
		{"a preview is for us to know", event("preview-read", 0, holding), "malformed", ""},
		{"a lesson without a module", event("lesson-read", 0, `,"lesson":"holding","version":"1.0.0"`), "malformed", ""},
		{"a module too many", event("catalog-viewed", 0, `,"module":"instrument"`), "malformed", ""},
		{"a long name", event("module-viewed", 0, `,"module":"`+long+`"`), "malformed", ""},
		{"a name with a zero", event("module-viewed", 0, `,"module":"a\u0000"`), "malformed", ""},
		{"a name with a space", event("module-viewed", 0, `,"module":"a b"`), "malformed", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := platformtest.New(t)
			want := answer{Taken: 1, Dropped: 1}
			if tc.result == "stored" {
				want = answer{Taken: 2}
			}
			if got := tell(t, p, request(t, nil, event("checkout-started", 0, `,"module":"a"`), tc.event)); got != want {
				t.Errorf("answered %+v, want %+v", got, want)
			}
			all := strings.Split(stored(t, p), "; ")
			if len(all) != want.Taken || tc.stored != "" && all[0] != tc.stored && all[1] != tc.stored {
				t.Errorf("stored %q, want %q too", all, tc.stored)
			}
			if got := dropped(t, p, tc.result); tc.result != "stored" && got != 1 {
				t.Errorf("%v are counted as %s", got, tc.result)
			}
		})
	}
}

// A lesson is a preview to whoever does not have its module.
func TestWho(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	for _, who := range []*platformtest.User{ana, bob, nil} {
		tell(t, p, request(t, who, event("lesson-read", 0, holding)))
	}
	want := "lesson-read instrument holding 1.0.0 ana@example.com; preview-read instrument holding 1.0.0 bob@example.com; preview-read instrument holding 1.0.0"
	if got := stored(t, p); got != want {
		t.Errorf("stored %q", got)
	}
}

// Whoever does not want to be followed is not counted.
func TestGlobalPrivacyControl(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, who := range []*platformtest.User{platformtest.Learner(t, p, "ana@example.com"), nil} {
		r := request(t, who, event("catalog-viewed", 0, ""), event("lesson-read", 0, holding), `"nonsense"`)
		r.Header.Set("Sec-GPC", "1")
		if got := tell(t, p, r); got != (answer{Dropped: 3}) {
			t.Errorf("answered %+v", got)
		}
	}
	if got := stored(t, p); got != "" || dropped(t, p, "refused") != 6 {
		t.Errorf("stored %q, refused %v", got, dropped(t, p, "refused"))
	}
	r := request(t, nil, event("catalog-viewed", 0, ""))
	r.Header.Set("Sec-GPC", "0")
	if got := tell(t, p, r); got != (answer{Taken: 1}) {
		t.Errorf("who does not mind: %+v", got)
	}
}

// Requests that are refused count once, and those with too many events count
// them all.
func TestRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, 11)
	for i := range many {
		many[i] = event("catalog-viewed", 0, "")
	}
	for _, tc := range []struct {
		name   string
		send   func(t *testing.T) *http.Request
		status int
		result string
		count  float64
	}{
		{"11 events", func(t *testing.T) *http.Request { return request(t, nil, many...) }, http.StatusBadRequest, "oversized", 11},
		{"too large", func(t *testing.T) *http.Request { return request(t, nil, `"`+strings.Repeat("x", 64<<10)+`"`) }, http.StatusRequestEntityTooLarge, "oversized", 1},
		{"not JSON", func(t *testing.T) *http.Request { return request(t, nil, `{`) }, http.StatusBadRequest, "malformed", 1},
		{"plain text", func(t *testing.T) *http.Request {
			r := request(t, nil, many[0])
			r.Header.Set("Content-Type", "text/plain")
			return r
		}, http.StatusBadRequest, "malformed", 1},
		{"another site", func(t *testing.T) *http.Request {
			r := request(t, nil, many[0])
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return r
		}, http.StatusForbidden, "malformed", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := platformtest.New(t)
			if got := platformtest.Send(t, p, analytics.Routes(p), tc.send(t)); got.Status != tc.status {
				t.Errorf("%d %s, want %d", got.Status, got.Body, tc.status)
			}
			if got := dropped(t, p, tc.result); got != tc.count || stored(t, p) != "" {
				t.Errorf("%v are counted as %s, want %v; stored %q", got, tc.result, tc.count, stored(t, p))
			}
		})
	}
	p := platformtest.New(t)
	if got := tell(t, p, request(t, nil, many[:10]...)); got != (answer{Taken: 10}) {
		t.Errorf("10 events: %+v", got)
	}
}

// TestLimit: what is promised passes, and one address alone cannot use it up.
// What is refused is counted.
func TestLimit(t *testing.T) {
	t.Parallel()
	const promised = 5000 // events a second
	p := platformtest.New(t)
	route := analytics.Routes(p)[0]
	all, one := route.Limit.Total, route.Limit.Address
	if got := float64(all.N) / all.Per.Seconds(); got < promised {
		t.Errorf("%v requests a second pass, which may have one event each", got)
	}
	if float64(one.N)/one.Per.Seconds() > promised/10 {
		t.Errorf("one address may send %d requests in %s", one.N, one.Per)
	}
	route.Limit.Address = web.Rate{N: 1, Per: time.Hour}
	for _, want := range []int{http.StatusAccepted, http.StatusTooManyRequests} {
		if got := platformtest.Send(t, p, []web.Route{route}, request(t, nil, event("catalog-viewed", 0, ""))); got.Status != want {
			t.Errorf("%d %s, want %d", got.Status, got.Body, want)
		}
	}
	if n := platformtest.Metric(t, p, `handbook_requests_total{method="POST",route="/api/analytics",status="429"}`); n != 1 {
		t.Errorf("%v requests are counted as refused", n)
	}
}

// On Lambda, whose process may be frozen with the answer, events are stored
// before it.
func TestLambda(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	payload, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/api/analytics", Headers: map[string]string{"content-type": "application/json"}, Body: `{"events":[` + event("catalog-viewed", 0, "") + `]}`,
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodPost, Path: "/api/analytics"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := lambda.Wrap(p, analytics.Routes(p)...).Invoke(t.Context(), payload)
	if err != nil || !strings.Contains(string(out), `"statusCode":202`) {
		t.Fatalf("%s, %v", out, err)
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM analytics_events`); n != "1" {
		t.Errorf("%s events are stored", n)
	}
}
