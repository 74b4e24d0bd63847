package platformtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// noted is a test that only notes what it is told.
type noted struct {
	testing.TB
	says string
}

func (n *noted) Helper() {}

func (n *noted) Errorf(format string, args ...any) { n.says += fmt.Sprintf(format, args...) }

// What is not as it is described is told, whatever it is.
func TestWatch(t *testing.T) {
	t.Parallel()
	asJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	refused := http.Header{"Content-Type": asJSON["Content-Type"], "X-Request-Id": {"1"}}
	for _, tc := range []struct {
		name, path, body string
		answer           platformtest.Answer
		want             string // "" is nothing
	}{
		{"as it is described", "/api/health/live", "", platformtest.Answer{Status: 200, Header: asJSON, Body: `{"status":"live"}`}, ""},
		{"another value", "/api/health/live", "", platformtest.Answer{Status: 200, Header: asJSON, Body: `{"status":"dead"}`}, "functions/health/openapi.yaml"},
		{"a field too many", "/api/health/live", "", platformtest.Answer{Status: 200, Header: asJSON, Body: `{"status":"live","since":1}`}, "since"},
		{"a field missing", "/api/health/live", "", platformtest.Answer{Status: 200, Header: asJSON, Body: `{}`}, "status"},
		{"another status", "/api/health/live", "", platformtest.Answer{Status: 201, Header: asJSON, Body: `{"status":"live"}`}, "not described"},
		{"another type", "/api/health/live", "", platformtest.Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "x"}, "text/html"},
		{"a query that is not described", "/api/health/live?a=b", "", platformtest.Answer{Status: 200, Header: asJSON, Body: `{"status":"live"}`}, `"a"`},
		{"a body that is not described", "/api/health/live", "x", platformtest.Answer{Status: 200, Header: asJSON, Body: `{"status":"live"}`}, "body"},
		{"a fault", "/api/modules/none", "", platformtest.Answer{Status: 404, Header: refused, Body: `{"error":"There is none."}`}, ""},
		{"a fault of other words", "/api/modules/none", "", platformtest.Answer{Status: 404, Header: refused, Body: `{"message":"There is none."}`}, "error"},
		{"a fault without a request", "/api/modules/none", "", platformtest.Answer{Status: 404, Header: asJSON, Body: `{"error":"There is none."}`}, "X-Request-Id"},
		{"a route of a test", "/named/x", "", platformtest.Answer{Status: 299}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			routes := []web.Route{{Method: "GET", Path: "/api/health/live"}, {Method: "GET", Path: "/api/modules/:module"}, {Method: "GET", Path: "/named/:name"}}
			n := &noted{TB: t}
			r := platformtest.Request(t, nil, "GET", tc.path, tc.body)
			agree := platformtest.Watch(n, routes, r)
			if tc.body != "" {
				if _, err := r.Body.Read(make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
			}
			agree(tc.answer)
			if (n.says == "") != (tc.want == "") || !strings.Contains(n.says, tc.want) {
				t.Errorf("says %q, want %q", n.says, tc.want)
			}
		})
	}
}
