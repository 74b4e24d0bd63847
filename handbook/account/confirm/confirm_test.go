package confirm_test

import (
	"net/http"
	"testing"

	"pilothandbook/handbook/account/confirm"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestFirst(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	done := func(w http.ResponseWriter, r *http.Request) error { return web.JSON(w, http.StatusOK, "done") }
	routes := []web.Route{{Method: "POST", Path: "/serious", Handle: confirm.First(p.DB, "/account", done)}}
	for _, tc := range []struct {
		name, age, referer, accept string
		status                     int
		to                         string
	}{
		{"just signed in", "14 minutes", "", "text/html", 200, ""},
		{"stale", "15 minutes", "", "text/html", 303, "/account/confirm?next=%2Faccount"},
		{"stale, from a page", "1 day", "http://example.com/people?q=ana", "text/html", 303, "/account/confirm?next=%2Fpeople%3Fq%3Dana"},
		{"stale, from elsewhere", "1 day", "http://evil.example/people", "text/html", 303, "/account/confirm?next=%2Faccount"},
		{"stale, no browser", "1 day", "", "application/json", 401, ""},
	} {
		if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET verified_at = now() - $1::text::interval`, tc.age); err != nil {
			t.Fatal(err)
		}
		r := platformtest.Form(t, ana, "/serious", "")
		r.Header.Set("Referer", tc.referer)
		r.Header.Set("Accept", tc.accept)
		a := platformtest.Send(t, p, routes, r)
		if a.Status != tc.status || a.Header.Get("Location") != tc.to {
			t.Errorf("%s: %d to %q, want %d to %q", tc.name, a.Status, a.Header.Get("Location"), tc.status, tc.to)
		}
	}
}
