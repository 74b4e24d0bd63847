package functions_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// attack is a request that another site can have a reader's browser make.
type attack struct {
	name   string
	change func(r *http.Request)
}

func header(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			r.Header.Set(pairs[i], pairs[i+1])
		}
	}
}

func attacks() []attack {
	return []attack{
		{"a form of another site", header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")},
		{"a form of another site, without an origin", header("Sec-Fetch-Site", "cross-site")},
		{"a form of a neighbour under the same domain", header("Sec-Fetch-Site", "same-site", "Origin", "http://other.localhost:3000")},
		{"an older browser's form", header("Origin", "https://evil.example")},
		{"the same host by another port", header("Origin", "http://example.com:81")},
		{"an origin that begins as ours", header("Origin", "http://example.com.evil.example")},
		{"a sandboxed frame", header("Origin", "null")},
		{"a sandboxed frame of a new browser", header("Origin", "null", "Sec-Fetch-Site", "cross-site")},
		{"JSON as plain text", header("Content-Type", "text/plain", "Origin", "https://evil.example")},
		{"JSON as plain text, of a new browser", header("Content-Type", "text/plain", "Sec-Fetch-Site", "cross-site")},
		{"a file's form", header("Content-Type", "multipart/form-data; boundary=x", "Sec-Fetch-Site", "cross-site")},
		{"nothing that says where it comes from", header()},
		{"a trusted way named by a header", header("Sec-Fetch-Site", "cross-site", "X-Forwarded-Host", "evil.example", "X-Requested-With", "XMLHttpRequest")},
	}
}

// TestOtherSites sends every request that changes something as if another
// site had made the browser of somebody who may send it: nothing changes.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	for i, route := range functions.All(platformtest.New(t)) {
		name := route.Method + " " + route.Path
		if !changes(route) || byDesign()[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, false)
			route := w.routes[i]
			in, ok := inputs()[name]
			if !ok {
				in = form("")
			}
			before := w.state(t)
			for _, a := range attacks() {
				r := w.request(t, mayCall(route), route.Method, w.path(t, route), in)
				r.Header.Del("Sec-Fetch-Site")
				a.change(r)
				got := w.send(t, r)
				secure(t, w, route, got)
				want := http.StatusForbidden
				if route.Access == web.Signed {
					want = http.StatusBadRequest // for want of a signature
				}
				if got.Status != want {
					t.Errorf("%s: %d, want %d: %s", a.name, got.Status, want, got.Body)
				}
			}
			w.override(t, route, in)
			if tables := w.state(t).since(before); len(tables) > 0 {
				t.Errorf("%v changed", tables)
			}
		})
	}
}

// mayCall returns a role that may call a route.
func mayCall(route web.Route) string {
	switch {
	case route.Access == web.Operator:
		return operator
	case route.Access == web.Author || route.Access == web.Staff:
		return author
	}
	return owner
}

// override asks for the route's method by a request that browsers make for
// other sites, with cookies: a link.
func (w *world) override(t *testing.T, route web.Route, in input) {
	t.Helper()
	path := w.path(t, route)
	for _, address := range []string{path, path + "?_method=" + route.Method + "&" + strings.ReplaceAll(in.body, " ", "+")} {
		r := w.request(t, mayCall(route), http.MethodGet, address, in)
		header("Sec-Fetch-Site", "cross-site", "X-HTTP-Method-Override", route.Method, "X-HTTP-Method", route.Method, "X-Method-Override", route.Method)(r)
		w.send(t, platformtest.Stray(r))
	}
}

// A form cannot name another method than it is sent with.
func TestMethodField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	before := w.state(t)
	r := w.request(t, owner, http.MethodPost, "/api/session?_method=DELETE", form("_method=DELETE"))
	header("X-HTTP-Method-Override", "DELETE")(r)
	if got := w.send(t, r); got.Status != http.StatusMethodNotAllowed {
		t.Errorf("status %d", got.Status)
	}
	if tables := w.state(t).since(before); len(tables) > 0 {
		t.Errorf("%v changed", tables)
	}
}
