package tokens_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/tokens"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func page(t *testing.T, a platformtest.Answer) *goquery.Selection {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("main [style], main script").Length() != 0 {
		t.Error("the page has inline style or script")
	}
	return doc.Find("main")
}

func post(t *testing.T, p *platform.Platform, who *platformtest.User, path, name string) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, tokens.Routes(p), platformtest.Form(t, who, path, url.Values{"name": {name}}.Encode()))
}

func TestMakeAndRevoke(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	author := platformtest.Operator(t, p)
	routes := tokens.Routes(p)

	a := platformtest.Call(t, p, routes, author, "GET", "/tokens", nil)
	if a.Status != http.StatusOK || page(t, a).Find(".empty").Length() != 1 {
		t.Fatalf("no tokens yet: %d", a.Status)
	}
	a = post(t, p, author, "/tokens", "  the\tlaptop ")
	carried := (&http.Response{Header: a.Header}).Cookies()
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/tokens" || len(carried) != 1 || carried[0].MaxAge != 60 || !carried[0].HttpOnly {
		t.Fatalf("%d to %q with %v", a.Status, a.Header.Get("Location"), carried)
	}
	look := func(who *platformtest.User) platformtest.Answer {
		r := platformtest.Request(t, who, "GET", "/tokens", nil)
		r.AddCookie(carried[0])
		return platformtest.Send(t, p, routes, r)
	}
	if a := look(otherAuthor(t, p)); a.Status != http.StatusOK || strings.Contains(a.Body, carried[0].Value) {
		t.Errorf("somebody else in the same browser: %d, and may see the token", a.Status)
	}
	a = look(author)
	if gone := (&http.Response{Header: a.Header}).Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("the token is shown more than once: %v", gone)
	}
	main := page(t, a)
	lines := main.Find("pre").Text()
	secret := regexp.MustCompile(`hbk_[\w-]{43}`).FindString(lines)
	if a.Status != http.StatusOK || secret == "" || lines != "HANDBOOK_URL=http://localhost:3000\nHANDBOOK_TOKEN="+secret || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %q", a.Status, lines)
	}
	if got := main.Find(".rows strong").Text(); got != "the laptop" {
		t.Errorf("name %q", got)
	}
	a = platformtest.Call(t, p, routes, author, "GET", "/tokens", nil)
	if strings.Contains(a.Body, secret) || !strings.Contains(a.Body, "never used") {
		t.Error("the token is shown again, or not as unused")
	}

	path, _ := page(t, a).Find(".rows form").Attr("action")
	a = post(t, p, author, path, "")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/tokens" {
		t.Errorf("revoke: %d", a.Status)
	}
	if a := post(t, p, author, path, ""); a.Status != http.StatusNotFound {
		t.Errorf("revoke again: %d", a.Status)
	}
	r := platformtest.Request(t, nil, "GET", "/tokens", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	if a := platformtest.Send(t, p, routes, r); a.Status != http.StatusUnauthorized {
		t.Errorf("the revoked token: %d", a.Status)
	}
}

// otherAuthor signs in an author who is not the operator.
func otherAuthor(t *testing.T, p *platform.Platform) *platformtest.User {
	t.Helper()
	platformtest.Learner(t, p, "author@example.com")
	if _, err := p.DB.Exec(t.Context(), `UPDATE users SET roles = '{author}' WHERE email = 'author@example.com'`); err != nil {
		t.Fatal(err)
	}
	return platformtest.Learner(t, p, "author@example.com")
}

func TestNames(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	author := platformtest.Operator(t, p)
	for _, name := range []string{"", "  ", strings.Repeat("ä", 61), "a\x00b", "\xff"} {
		a := post(t, p, author, "/tokens", name)
		if a.Status != http.StatusBadRequest || page(t, a).Find("#name[aria-invalid=true]").Length() != 1 {
			t.Errorf("%q: %d", name, a.Status)
		}
	}
	if a := post(t, p, author, "/tokens", strings.Repeat("ä", 60)); a.Status != http.StatusSeeOther {
		t.Errorf("60 characters: %d", a.Status)
	}
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	token := platformtest.AuthorToken(t, p)
	var id uuid.UUID
	if err := p.DB.QueryRow(t.Context(), `SELECT id FROM tokens`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	bob := platformtest.Learner(t, p, "bob@example.com")
	for _, route := range []struct{ method, path string }{{"GET", "/tokens"}, {"POST", "/tokens"}, {"POST", "/tokens/" + id.String()}} {
		for _, tc := range []struct {
			name, bearer string
			who          *platformtest.User
			status       int
		}{
			{"signed out", "", nil, http.StatusUnauthorized},
			{"learner", "", bob, http.StatusForbidden},
			{"token", token, nil, http.StatusForbidden},
		} {
			r := platformtest.Request(t, tc.who, route.method, route.path, nil)
			if tc.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+tc.bearer)
			}
			if a := platformtest.Send(t, p, tokens.Routes(p), r); a.Status != tc.status {
				t.Errorf("%s %s, %s: %d, want %d", route.method, route.path, tc.name, a.Status, tc.status)
			}
		}
	}
	if a := post(t, p, otherAuthor(t, p), "/tokens/"+id.String(), ""); a.Status != http.StatusNotFound {
		t.Errorf("another author's token: %d", a.Status)
	}
}

// A token is made after a fresh sign-in only, and both are recorded.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	author := platformtest.Operator(t, p)
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '16 minutes'`)
	if a := post(t, p, author, "/tokens", "laptop"); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
		t.Errorf("signed in a while ago: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if main := page(t, platformtest.Call(t, p, tokens.Routes(p), author, "GET", "/tokens", nil)); main.Find("form[action='/tokens']").Length() != 0 || main.Find("a[href^='/account/confirm']").Length() != 1 {
		t.Error("a stale session is offered what it may not do")
	}
	if got := platformtest.Text(t, p, `SELECT concat(count(*), (SELECT count(*) FROM audit_log)) FROM tokens`); got != "00" {
		t.Errorf("tokens and entries: %s", got)
	}
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now()`)
	post(t, p, author, "/tokens", "laptop")
	post(t, p, author, "/tokens/"+platformtest.Text(t, p, `SELECT id::text FROM tokens`), "")
	got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', action, (detail ->> 'token' = (SELECT id::text FROM tokens))::text, (subject = 'user:' || actor)::text, detail - 'token'), ', ' ORDER BY id) FROM audit_log WHERE actor = $1`, author.ID)
	if got != "token made true true {}, token revoked true true {}" {
		t.Errorf("record: %s", got)
	}
}

// TestTooOften: whoever has taken an author's browser cannot make tokens
// without end, and all that were made still work.
func TestTooOften(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	author := platformtest.Operator(t, p)
	for try := range 32 {
		a := post(t, p, author, "/tokens", "laptop")
		if want := map[bool]int{true: http.StatusTooManyRequests, false: http.StatusSeeOther}[try >= 30]; a.Status != want {
			t.Errorf("try %d: status %d, want %d", try, a.Status, want)
		}
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM tokens`); n != "30" {
		t.Errorf("%s tokens", n)
	}
}
