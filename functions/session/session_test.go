package session_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/functions/session"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

func TestShow(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, boss := platformtest.Learner(t, p, "ana@example.com"), platformtest.Operator(t, p)
	_, err := p.DB.Exec(t.Context(), `UPDATE users SET name = 'Ana' WHERE id = $1`, ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		who    *platformtest.User
		status int
		want   string
	}{
		{"signed out", nil, http.StatusOK, `null`},
		{"unknown session", &platformtest.User{Secret: "x"}, http.StatusOK, `null`},
		{"learner", ana, http.StatusOK, `{"name":"Ana","email":"ana@example.com","modules":[],"roles":[]}`},
		{"operator", boss, http.StatusOK, `{"name":"","email":"operator@example.com","modules":[],"roles":["author","operator"]}`},
	} {
		a := platformtest.Call(t, p, session.Routes(p), tc.who, "GET", "/api/session", nil)
		if diff := cmp.Diff(tc.want, strings.TrimSpace(a.Body)); diff != "" || a.Status != tc.status || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", tc.name, a.Status, diff)
		}
	}
}

// While PostgreSQL does not answer, a visitor is nobody, but who has a session
// is not told that it is over.
func TestShowInAnOutage(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	ana := platformtest.Learner(t, platformtest.Open(t, cfg), "ana@example.com")
	p := platformtest.Open(t, cfg)
	p.DB.Close(0)
	for _, tc := range []struct {
		name   string
		who    *platformtest.User
		status int
	}{{"visitor", nil, http.StatusOK}, {"learner", ana, http.StatusServiceUnavailable}} {
		if a := platformtest.Call(t, p, session.Routes(p), tc.who, "GET", "/api/session", nil); a.Status != tc.status {
			t.Errorf("%s: %d %s, want %d", tc.name, a.Status, a.Body, tc.status)
		}
	}
}

func TestShowsModules(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	_, err := p.DB.Exec(t.Context(), `
		WITH m AS (INSERT INTO modules (key, title, price) VALUES ('instrument', 'Instrument', 100) RETURNING key)
		INSERT INTO grants (id, user_id, module_key) SELECT gen_random_uuid(), $1, key FROM m`, ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	a := platformtest.Call(t, p, session.Routes(p), ana, "GET", "/api/session", nil)
	var got struct{ Modules []string }
	a.Into(t, &got)
	if diff := cmp.Diff([]string{"instrument"}, got.Modules); diff != "" {
		t.Error(diff)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, tc := range []struct {
		name, method, path string
		status             int
	}{
		{"form", "POST", "/signout", http.StatusSeeOther},
		{"script", "DELETE", "/api/session", http.StatusNoContent},
	} {
		phone, laptop := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ana@example.com")
		routes := session.Routes(p)
		if a := platformtest.Call(t, p, routes, phone, "GET", "/api/session", nil); !strings.Contains(a.Body, "ana@example.com") {
			t.Fatalf("%s: not signed in: %s", tc.name, a.Body)
		}
		a := platformtest.Call(t, p, routes, phone, tc.method, tc.path, nil)
		gone := (&http.Response{Header: a.Header}).Cookies()
		if a.Status != tc.status || len(gone) != 1 || gone[0].Name != account.SessionCookie || gone[0].MaxAge >= 0 || a.Body != "" {
			t.Errorf("%s: %d, cookies %v, body %q", tc.name, a.Status, gone, a.Body)
		}
		if tc.method == "POST" && a.Header.Get("Location") != "/" {
			t.Errorf("%s: leads to %q", tc.name, a.Header.Get("Location"))
		}
		if a := platformtest.Call(t, p, routes, phone, "GET", "/api/session", nil); strings.TrimSpace(a.Body) != "null" {
			t.Errorf("%s: the session goes on: %s", tc.name, a.Body)
		}
		if a := platformtest.Call(t, p, routes, laptop, "GET", "/api/session", nil); !strings.Contains(a.Body, "ana@example.com") {
			t.Errorf("%s: the other device is signed out too: %s", tc.name, a.Body)
		}
	}
}

// A session that has ended elsewhere, while this process still remembers it.
func TestSignOutTwice(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Call(t, p, session.Routes(p), ana, "GET", "/api/session", nil)
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM sessions`); err != nil {
		t.Fatal(err)
	}
	a := platformtest.Call(t, p, session.Routes(p), ana, "POST", "/signout", nil)
	if a.Status != http.StatusSeeOther && a.Status != http.StatusUnauthorized { // the memory of it lasts a second
		t.Errorf("got %d", a.Status)
	}
}

func TestOtherSitesCannotSignOut(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	r := platformtest.Form(t, ana, "/signout", "")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := platformtest.Send(t, p, session.Routes(p), r); a.Status != http.StatusForbidden {
		t.Errorf("got %d", a.Status)
	}
	r = platformtest.Request(t, nil, "DELETE", "/api/session", nil)
	r.Header.Set("Authorization", "Bearer "+platformtest.AuthorToken(t, p))
	if a := platformtest.Send(t, p, session.Routes(p), r); a.Status != http.StatusForbidden {
		t.Errorf("with an author's token: %d", a.Status)
	}
}
