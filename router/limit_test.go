package router_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

// limited has one route with a limit and one without.
func limited(l web.Limit) []web.Route {
	ok := func(w http.ResponseWriter, _ *http.Request) error { return web.JSON(w, http.StatusOK, "fine") }
	return []web.Route{
		{Method: "POST", Path: "/limited", Access: web.Public, Handle: ok, Limit: l},
		{Method: "POST", Path: "/mine", Handle: ok, Limit: l},
		{Method: "GET", Path: "/limited", Access: web.Public, Handle: ok},
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	hour := func(n int) web.Rate { return web.Rate{N: n, Per: time.Hour} }
	routes := limited(web.Limit{Name: t.Name() + ana.ID.String(), Reader: hour(2), Address: hour(5)})

	post := func(who *platformtest.User, path string) platformtest.Answer {
		return platformtest.Call(t, p, routes, who, "POST", path, nil)
	}
	for i, want := range []int{200, 200, 429} {
		if got := post(ana, "/mine"); got.Status != want {
			t.Errorf("request %d of one account: %d, want %d", i, got.Status, want)
		}
	}
	if got := post(nil, "/mine"); got.Status != 401 {
		t.Errorf("signed out: %d", got.Status)
	}
	for i, want := range []int{200, 200, 429} {
		if got := post(bob, "/limited"); got.Status != want {
			t.Errorf("request %d of another account: %d, want %d", i, got.Status, want)
		}
	}
	if got := post(nil, "/limited"); got.Status != 200 {
		t.Errorf("nobody: %d", got.Status)
	}
	got := post(nil, "/limited")
	wait, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if got.Status != 429 || err != nil || wait < 60 || wait > 3600 || !strings.Contains(got.Body, "tried too often") || !strings.Contains(got.Body, " minutes.") {
		t.Errorf("one address: %d, Retry-After %q, %s", got.Status, got.Header.Get("Retry-After"), got.Body)
	}
	r := platformtest.Form(t, nil, "/limited", "")
	if got := platformtest.Send(t, p, routes, r); got.Status != 429 || !strings.Contains(got.Body, "<h1>") {
		t.Errorf("as a page: %d %s", got.Status, got.Body)
	}
	if got := platformtest.Call(t, p, routes, nil, "GET", "/limited", nil); got.Status != 200 {
		t.Errorf("reading: %d", got.Status)
	}
}

// A route without a limit costs nothing more, and asks Redis nothing.
func TestNoLimitCostsNothing(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	p.Limit = nil // asked, it would panic
	rt := router.New(p, limited(web.Limit{})...)

	w := httptest.NewRecorder()
	rt.ServeHTTP(w, httptest.NewRequest("POST", "/limited", nil))
	if w.Code != 200 {
		t.Errorf("got %d", w.Code)
	}
}
