package scripts_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/analytics"
	"pilothandbook/functions/asset"
	"pilothandbook/functions/events"
	"pilothandbook/functions/finish"
	"pilothandbook/functions/progress"
	"pilothandbook/functions/session"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
	"pilothandbook/router"
)

// patience bounds a wait for something that must happen.
const patience = 30 * time.Second

// site is the functions that the scripts talk to, with a lesson of the test's
// own, whose beat is given in its address.
type site struct {
	*platform.Platform
	url  string
	down atomic.Bool  // events are not taken
	full atomic.Bool  // events are too many
	told atomic.Int32 // requests with events
	anon atomic.Int32 // those of nobody signed in
	seen atomic.Int32 // requests with what was seen
}

const lessonPage = `{{define "main"}}
<article data-lesson="lift" data-module="instrument" data-version="1.0.0" data-beat="{{.Data}}">
<p data-lesson-mark="lift"></p><p data-lesson-mark="drag"></p><p data-sync></p>
<form method="post" action="/modules/instrument/lessons/lift/finish"><input type="hidden" name="next" value="/lesson/40000"><button>Finish</button><a data-signed-out href="/signin" hidden>Sign in to keep your progress</a></form>
</article>{{end}}`

func open(t *testing.T) *site {
	t.Helper()
	s := &site{Platform: platformtest.New(t)}
	publish(t, s.Platform)
	page := reader.New(fstest.MapFS{"page.html": {Data: []byte(lessonPage)}}, "page.html")
	routes := slices.Concat(asset.Routes(s.Platform), events.Routes(s.Platform), finish.Routes(s.Platform), analytics.Routes(s.Platform), progress.Routes(s.Platform), session.Routes(s.Platform))
	routes = append(routes, web.Route{Method: "GET", Path: "/lesson/:beat", Access: web.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
		return page.Show(w, r, http.StatusOK, reader.View{Title: "Lift", Same: true, Data: web.Param(r, "beat")})
	}})
	handler := router.New(s.Platform, routes...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/analytics" {
			s.seen.Add(1)
		}
		if r.URL.Path == "/api/events" {
			s.told.Add(1)
			if _, err := r.Cookie(account.SessionCookie); err != nil {
				s.anon.Add(1)
			}
			if s.down.Load() {
				http.Error(w, "down", http.StatusServiceUnavailable)
				return
			}
			if s.full.Load() {
				w.Header().Set("Retry-After", "300")
				http.Error(w, "too many", http.StatusTooManyRequests)
				return
			}
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// publish makes a module with two free lessons.
func publish(t *testing.T, p *platform.Platform) {
	t.Helper()
	platformtest.Sell(t, p)
	_, err := p.DB.Exec(t.Context(), `
		WITH i AS (
			INSERT INTO lesson_ids SELECT unnest('{lift,drag}'::text[]), 'instrument'
		)
		INSERT INTO lessons (version_id, lesson_id, module_key, position, title, preview, dated, words, html)
		SELECT v.id, l.id, 'instrument', l.n, l.id, true, '2026-01-01', 100, ''
		FROM content_versions v, unnest('{lift,drag}'::text[]) WITH ORDINALITY AS l(id, n)
		WHERE v.module_id = 'instrument' AND v.is_active`)
	if err != nil {
		t.Fatal(err)
	}
}

// visit opens the lesson in a browser of its own, for somebody signed in or,
// as nil, nobody. The browser's other tabs are opened by tab.
func (s *site) visit(t *testing.T, b *rod.Browser, who *platformtest.User, beat string) *rod.Page {
	t.Helper()
	own, err := b.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = proto.TargetDisposeBrowserContext{BrowserContextID: own.BrowserContextID}.Call(b.Timeout(patience))
	})
	if who != nil {
		err := own.SetCookies([]*proto.NetworkCookieParam{{Name: account.SessionCookie, Value: who.Secret, URL: s.url, HTTPOnly: true}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if beat == "" {
		return tab(t, own, "about:blank")
	}
	return tab(t, own, s.url+"/lesson/"+beat)
}

func tab(t *testing.T, b *rod.Browser, url string) *rod.Page {
	t.Helper()
	page, err := b.Page(proto.TargetCreateTarget{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	page = page.Timeout(2 * patience)
	if err := page.WaitLoad(); err != nil {
		t.Fatal(err)
	}
	return page
}

// js returns what a function of JavaScript returns in the page.
func js(t *testing.T, page *rod.Page, function string) string {
	t.Helper()
	v, err := page.Eval(function)
	if err != nil {
		t.Fatal(err)
	}
	return v.Value.Str()
}

// eventually waits until is returns true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// shows waits until the page's first element of a selector has this text.
func shows(t *testing.T, page *rod.Page, selector, text string) {
	t.Helper()
	var got string
	defer func() {
		if t.Failed() {
			t.Logf("%s shows %q", selector, got)
		}
	}()
	eventually(t, selector+" shows "+text, func() bool {
		got = js(t, page, `() => document.querySelector("`+selector+`")?.textContent ?? ""`) // no element while the page loads
		return got == text
	})
}

// kept is an event as PostgreSQL has it.
type kept struct {
	Kind, Lesson, Device, Version string
	At                            time.Time
	ActiveMS                      int
}

func (s *site) events(t *testing.T, user uuid.UUID, kind string) []kept {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), `
		SELECT kind, lesson_id, device, body->>'version', at, active_ms
		FROM study_events
		WHERE user_id = $1 AND kind = $2
		ORDER BY at`, user, kind)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[kept])
	if err != nil {
		t.Fatal(err)
	}
	return all
}
