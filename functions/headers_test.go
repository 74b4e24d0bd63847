package functions_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

// secure checks the headers that every answer has.
func secure(t *testing.T, w *world, route web.Route, got platformtest.Answer) {
	t.Helper()
	h := got.Header
	policy := h.Get("Content-Security-Policy")
	figure := strings.HasPrefix(route.Path, "/media/") && (got.Status == http.StatusOK || got.Status == http.StatusNotModified)
	if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(policy, "default-src '") || !strings.Contains(policy, "frame-ancestors 'none'") ||
		strings.Contains(policy, "unsafe") != figure || strings.Contains(policy, "sandbox") != figure {
		t.Errorf("%d has %v", got.Status, h)
	}
	if strict := h.Get("Strict-Transport-Security") != ""; strict != w.p.Config.Secure() {
		t.Errorf("%d: Strict-Transport-Security is %v", got.Status, strict)
	}
	page := strings.Contains(got.Body, "<html")
	if page && h.Get("Referrer-Policy") == "" && !strings.Contains(got.Body, `<meta name="referrer"`) {
		t.Errorf("a page of status %d says nothing of referrers", got.Status)
	}
	if h.Get("Content-Type") == "" && got.Body != "" {
		t.Errorf("%d says not what it is", got.Status)
	}
	kept(t, route, got)
}

// kept checks who may keep an answer.
func kept(t *testing.T, route web.Route, got platformtest.Answer) {
	t.Helper()
	cache := got.Header.Get("Cache-Control")
	open := route.Access == web.Public || route.Path == ""
	switch {
	case cache == "":
		t.Errorf("%d may be kept by anybody", got.Status)
	case got.Status >= 400 && cache != "no-store" && got.Status != http.StatusPaymentRequired:
		t.Errorf("a refusal with %d may be kept: %s", got.Status, cache)
	case !open && !strings.Contains(cache, "no-store") && !strings.Contains(cache, "private"):
		t.Errorf("%d is one reader's own and may be kept: %s", got.Status, cache)
	case strings.Contains(cache, "public") && (len(got.Header.Values("Set-Cookie")) > 0 || strings.Contains(got.Body, platformtest.Canary)):
		t.Errorf("%d is shared and not for all: %s", got.Status, cache)
	}
}

// TestHeaders walks every route over HTTPS through the statuses that it has:
// as asked, as HEAD, not modified, with a slash too much, with a method that
// it lacks, too large, and with a database that fails or is away.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	seen := map[int]bool{}
	walk := func(w *world, route web.Route, r *http.Request) platformtest.Answer {
		t.Helper()
		got := w.send(t, r)
		secure(t, w, route, got)
		seen[got.Status] = true
		if t.Failed() {
			t.Fatalf("%s %s is answered so", r.Method, r.URL)
		}
		return got
	}
	broken, away := w.broken(t), w.away(t)
	large := input{"application/json", strings.Repeat(" ", 21<<20)}
	for _, route := range w.routes {
		path := w.path(t, route)
		for _, role := range []string{anonymous, other, mayCall(route)} {
			if !changes(route) {
				w.read(t, route, role, walk)
			}
			walk(w, route, w.request(t, role, "PATCH", path, form("")))
			walk(w, route, w.request(t, role, route.Method, path+"/", form("")))
			walk(broken, route, w.request(t, role, route.Method, path, inputs()[route.Method+" "+route.Path]))
			walk(away, route, w.request(t, role, route.Method, path, form("")))
		}
		for _, role := range []string{refunded, author} { // who may sign themselves out by it
			if changes(route) {
				walk(w, route, w.request(t, role, route.Method, path, large))
			}
		}
	}
	walk(w, web.Route{}, w.request(t, owner, "GET", "/nothing/here", form("")))
	walk(w, web.Route{}, w.request(t, owner, "OPTIONS", "/", form("")))
	for _, status := range []int{200, 301, 303, 304, 400, 401, 402, 403, 404, 405, 413, 500, 503} {
		if !seen[status] {
			t.Errorf("nothing was answered with %d", status)
		}
	}
}

// read walks through what a reading route answers.
func (w *world) read(t *testing.T, route web.Route, role string, walk func(*world, web.Route, *http.Request) platformtest.Answer) {
	t.Helper()
	path := w.path(t, route)
	got := walk(w, route, w.request(t, role, "GET", path, form("")))
	walk(w, route, w.request(t, role, "HEAD", path, form("")))
	if tag := got.Header.Get("ETag"); tag != "" {
		r := w.request(t, role, "GET", path, form(""))
		r.Header.Set("If-None-Match", tag)
		if again := walk(w, route, r); again.Status != http.StatusNotModified {
			t.Errorf("%s: %d for what it has", path, again.Status)
		}
	}
}

// broken is the same world whose functions find no table.
func (w *world) broken(t *testing.T) *world {
	t.Helper()
	cfg := *w.p.Config
	cfg.DatabaseURL += "&options=-csearch_path%3Dnowhere"
	return w.on(platformtest.Open(t, &cfg))
}

// away is the same world without PostgreSQL.
func (w *world) away(t *testing.T) *world {
	t.Helper()
	cfg := *w.p.Config
	cfg.DatabaseURL = "postgres://postgres@127.0.0.1:1/none"
	return w.on(platformtest.Open(t, &cfg))
}

// on is the same world as another process sees it.
func (w *world) on(p *platform.Platform) *world {
	other := *w
	other.p, other.h = p, router.New(p, functions.All(p)...)
	return &other
}
