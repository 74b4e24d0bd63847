package router_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	_ "pilothandbook/reader" // has the pages of faults
	"pilothandbook/router"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// routes has one route per kind of access, and some that fail.
func routes() []web.Route {
	ok := func(w http.ResponseWriter, _ *http.Request) error { return web.JSON(w, http.StatusOK, "fine") }
	return []web.Route{
		{Method: "GET", Path: "/public", Access: web.Public, Handle: ok},
		{Method: "POST", Path: "/public", Access: web.Public, Handle: ok},
		{Method: "GET", Path: "/mine", Handle: ok},
		{Method: "POST", Path: "/mine", Handle: ok},
		{Method: "GET", Path: "/api/mine", Handle: ok},
		{Method: "GET", Path: "/author", Access: web.Author, Handle: ok},
		{Method: "GET", Path: "/staff", Access: web.Staff, Handle: ok},
		{Method: "GET", Path: "/operator", Access: web.Operator, Handle: ok},
		{Method: "POST", Path: "/signed", Access: web.Signed, Handle: ok},
		{Method: "POST", Path: "/pressed", Handle: ok},
		{Method: "GET", Path: "/named/:name", Access: web.Public, Handle: ok},
		{Method: "GET", Path: "/fails", Access: web.Public, Handle: func(http.ResponseWriter, *http.Request) error { return errors.New("secret detail") }},
		{Method: "GET", Path: "/panics", Access: web.Public, Handle: func(http.ResponseWriter, *http.Request) error { panic("secret detail") }},
		{Method: "GET", Path: "/unpaid", Access: web.Public, Handle: func(http.ResponseWriter, *http.Request) error { return fault.New(fault.Unpaid, "Not bought.") }},
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, operator := platformtest.Learner(t, p, "ana@example.com"), platformtest.Operator(t, p)
	stranger := &platformtest.User{Secret: "not a session"}
	for _, tc := range []struct {
		path                       string
		nobody, reader, op, forged int
	}{
		{"/public", 200, 200, 200, 200},
		{"/mine", 401, 200, 200, 401},
		{"/author", 401, 403, 200, 401},
		{"/operator", 401, 403, 200, 401},
		{"/staff", 401, 404, 200, 401},
	} {
		for name, c := range map[string]struct {
			who  *platformtest.User
			want int
		}{"nobody": {nil, tc.nobody}, "reader": {ana, tc.reader}, "operator": {operator, tc.op}, "forged": {stranger, tc.forged}} {
			if got := platformtest.Call(t, p, routes(), c.who, "GET", tc.path, nil); got.Status != c.want {
				t.Errorf("%s as %s: %d, want %d", tc.path, name, got.Status, c.want)
			}
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	token := platformtest.AuthorToken(t, p)
	for _, tc := range []struct {
		path, token string
		want        int
	}{
		{"/author", token, 200},
		{"/staff", token, 200},
		{"/mine", token, 403},
		{"/operator", token, 403},
		{"/author", "hbk_unknown", 401},
	} {
		r := platformtest.Request(t, nil, "GET", tc.path, nil)
		r.Header.Set("Authorization", "Bearer "+tc.token)
		if got := platformtest.Send(t, p, routes(), r); got.Status != tc.want {
			t.Errorf("%s: %d %s, want %d", tc.path, got.Status, got.Body, tc.want)
		}
	}
}

// A page that there is not, or not for them, knows who is signed in, as all
// others do.
func TestRefusedReader(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for path, want := range map[string]int{"/nowhere": 404, "/pressed": 404, "/staff": 404, "/operator": 403, "/unpaid": 402} {
		got, doc := platformtest.Page(t, p, routes(), ana, path)
		if name := doc.Find("[data-account]").Text(); got.Status != want || name != ana.Email {
			t.Errorf("%s: %d to %q", path, got.Status, name)
		}
	}
}

func TestOtherSites(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, tc := range []struct {
		name, path, header, value string
		want                      int
	}{
		{"an older browser", "/mine", "Origin", "http://example.com", 200},
		{"same origin", "/mine", "Sec-Fetch-Site", "same-origin", 200},
		{"no browser", "/mine", "X-None", "", 403},
		{"another site", "/mine", "Sec-Fetch-Site", "cross-site", 403},
		{"a sister site", "/mine", "Sec-Fetch-Site", "same-site", 403},
		{"an old browser", "/mine", "Origin", "https://evil.example", 403},
		{"null origin", "/mine", "Origin", "null", 403},
		{"a public form", "/public", "Sec-Fetch-Site", "cross-site", 403},
		{"a machine that signs", "/signed", "Origin", "https://stripe.com", 200},
	} {
		r := platformtest.Request(t, ana, "POST", tc.path, nil)
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Set(tc.header, tc.value)
		if got := platformtest.Send(t, p, routes(), r); got.Status != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got.Status, tc.want)
		}
	}
	if got := platformtest.Call(t, p, routes(), nil, "POST", "/public", nil); got.Status != http.StatusOK {
		t.Errorf("a program without a session: %d", got.Status)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, tc := range []struct {
		name, method, path, accept string
		status                     int
		want                       string
	}{
		{"unknown as JSON", "GET", "/nowhere", "", 404, `{"error":"There is no page at this address."}`},
		{"unknown as a page", "GET", "/nowhere", "text/html", 404, "<h1>Not found</h1>"},
		{"a NUL in a name", "GET", "/named/a%00b", "", 404, `{"error":`},
		{"a name that is not text", "GET", "/named/a%ffb", "", 404, `{"error":`},
		{"below api always JSON", "GET", "/api/nowhere", "text/html", 404, `{"error":`},
		{"wrong method", "DELETE", "/public", "", 405, `{"error":"Method not allowed"}`},
		{"a form's address", "GET", "/pressed", "text/html", 404, "Please go back to the page"},
		{"a form's address as JSON", "GET", "/pressed", "", 405, `{"error":"Method not allowed"}`},
		{"ours", "GET", "/fails", "", 500, `"request_id":`},
		{"ours as a page", "GET", "/fails", "text/html", 500, "name this request"},
		{"a panic", "GET", "/panics", "", 500, `"request_id":`},
		{"words of the handler", "GET", "/unpaid", "", 402, `{"error":"Not bought."}`},
		{"a form, signed out", "POST", "/mine?a=b", "text/html", 401, `href="/signin?next=%2f"`},
		{"signed out as JSON", "GET", "/mine", "", 401, `{"error":"Please sign in to go on."}`},
		{"signed out below api", "GET", "/api/mine", "text/html", 401, `{"error":"Please sign in to go on."}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := platformtest.Request(t, nil, tc.method, tc.path, nil)
			r.Header.Set("Accept", tc.accept)
			got := platformtest.Send(t, p, routes(), r)
			if got.Status != tc.status || !strings.Contains(got.Body, tc.want) || strings.Contains(got.Body, "secret detail") {
				t.Errorf("got %d %s; want %d with %q", got.Status, got.Body, tc.status, tc.want)
			}
			if got.Header.Get("X-Request-Id") == "" && tc.status != http.StatusMethodNotAllowed {
				t.Error("a refusal has no id")
			}
			if got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", got.Header.Get("Cache-Control"))
			}
		})
	}
}

// Who opens a page of their own signed out signs in, and comes back to it.
func TestSignInFirst(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, tc := range []struct{ method, path, to string }{
		{"GET", "/mine?a=b&c", "/signin?next=%2Fmine%3Fa%3Db%26c"},
		{"HEAD", "/mine", "/signin?next=%2Fmine"},
		{"GET", "/operator", "/signin?next=%2Foperator"},
		{"GET", "/mine?" + strings.Repeat("x", 600), "/signin?next=%2F"},
	} {
		r := platformtest.Request(t, nil, tc.method, tc.path, nil)
		r.Header.Set("Accept", "text/html")
		got := platformtest.Send(t, p, routes(), r)
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != tc.to || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d to %q, want %q", tc.method, tc.path, got.Status, got.Header.Get("Location"), tc.to)
		}
	}
}

func TestHeadersEverywhere(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.AuthURL = "https://handbook.example"
	p := platformtest.Open(t, cfg)
	for _, path := range []string{"/public", "/nowhere", "/mine", "/fails", "/panics", "/unpaid"} {
		h := platformtest.Call(t, p, routes(), nil, "GET", path, nil).Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s has %s %q, want %q", path, name, h.Get(name), want)
			}
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	if got := platformtest.Call(t, p, routes(), nil, "HEAD", "/public", nil); got.Status != 200 {
		t.Errorf("HEAD has status %d", got.Status)
	}
}

// PostgreSQL away: pages for everybody are served, others say so, and all
// works again by itself afterwards.
func TestPostgresAway(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret("postgres://127.0.0.1:1/none")
	p := platformtest.Open(t, cfg)
	ana := &platformtest.User{Secret: "a session"}
	if got := platformtest.Call(t, p, routes(), ana, "GET", "/public", nil); got.Status != 200 {
		t.Errorf("public: %d", got.Status)
	}
	got := platformtest.Call(t, p, routes(), ana, "GET", "/mine", nil)
	if got.Status != 503 || got.Header.Get("Retry-After") == "" || !strings.Contains(got.Body, "Nothing is lost") {
		t.Errorf("mine: %d %s", got.Status, got.Body)
	}
}

// Readers known to Redis go on reading while PostgreSQL is away, and can do
// nothing else.
func TestStaleReader(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	p := platformtest.Open(t, cfg)
	ana, operator := platformtest.Learner(t, p, "ana@example.com"), platformtest.Operator(t, p)
	for _, who := range []*platformtest.User{ana, operator} {
		if got := platformtest.Call(t, p, routes(), who, "GET", "/mine", nil); got.Status != 200 {
			t.Fatal(got)
		}
	}
	gone := *cfg
	gone.DatabaseURL = config.Secret("postgres://127.0.0.1:1/none")
	away := platformtest.Open(t, &gone)
	for _, tc := range []struct {
		who          *platformtest.User
		method, path string
		want         int
	}{
		{ana, "GET", "/mine", 200},
		{ana, "POST", "/mine", 503},
		{operator, "GET", "/operator", 503},
		{&platformtest.User{Secret: "unknown"}, "GET", "/mine", 503},
	} {
		if got := platformtest.Call(t, away, routes(), tc.who, tc.method, tc.path, nil); got.Status != tc.want {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, got.Status, tc.want)
		}
	}
}

// A route that decides nothing does not ask again who somebody is, until this
// process is told that they have changed.
func TestGlance(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	who := func(w http.ResponseWriter, r *http.Request) error {
		return web.JSON(w, http.StatusOK, access.User(r.Context()) != uuid.Nil)
	}
	both := []web.Route{
		{Method: "GET", Path: "/now", Access: web.Public, Handle: who},
		{Method: "GET", Path: "/lately", Access: web.Public, Handle: who, Glance: true},
	}
	ana := platformtest.Learner(t, p, "ana@example.com")
	knows := func(path string) bool {
		got := platformtest.Call(t, p, both, ana, "GET", path, nil)
		return strings.TrimSpace(got.Body) == "true"
	}
	if !knows("/now") || !knows("/lately") {
		t.Fatal("she is not known")
	}
	platformtest.Exec(t, p, `DELETE FROM sessions WHERE user_id = $1`, ana.ID) // by another process
	for deadline := time.Now().Add(10 * time.Second); knows("/now"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("her session never ends")
		}
	}
	if !knows("/lately") {
		t.Error("she was asked for again")
	}
	access.NewGate(p).Refresh(ana.ID)
	if knows("/lately") {
		t.Error("she is still known")
	}
}

// A connection that PostgreSQL ended costs a reader nothing.
func TestReadIsAskedAgain(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	rt := router.New(p, web.Route{Method: "GET", Path: "/number", Access: web.Public, Handle: number(p)})
	admin := platformtest.New(t)
	for range 5 {
		if _, err := p.DB.Exec(t.Context(), `SELECT 1`); err != nil {
			t.Fatal(err)
		}
		var name string
		if err := p.DB.QueryRow(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.DB.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequest("GET", "/number", nil))
		if w.Code != 200 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
}

func number(p *platform.Platform) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var n int
		if err := p.DB.QueryRow(r.Context(), `SELECT 1`).Scan(&n); err != nil {
			return err
		}
		return web.JSON(w, http.StatusOK, n)
	}
}

// Readers who hang up, and a pool that is merely busy, cost no connection.
func TestBusyIsNotBroken(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	held := 0
	slow := web.Route{Method: "GET", Path: "/slow", Access: web.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
		held++
		ctx, leave := context.WithCancel(r.Context())
		leave() // the reader has left
		_, err := p.DB.Exec(ctx, `SELECT 1`)
		return err
	}}
	if _, err := p.DB.Exec(t.Context(), `SELECT 1`); err != nil {
		t.Fatal(err)
	}
	made := p.DB.Stat().NewConnsCount()
	for range 20 {
		platformtest.Call(t, p, []web.Route{slow}, nil, "GET", "/slow", nil)
	}
	if held != 20 || p.DB.Stat().NewConnsCount() != made {
		t.Errorf("%d tries for 20 requests, %d new connections", held, p.DB.Stat().NewConnsCount()-made)
	}
}
