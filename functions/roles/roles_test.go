package roles_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/functions/roles"
	"pilothandbook/functions/tokens"
	"pilothandbook/functions/versions"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func path(who *platformtest.User) string { return "/admin/people/" + who.ID.String() + "/roles" }

// turn gives a role ("add") or takes it away ("remove").
func turn(t testing.TB, p *platform.Platform, by, whom *platformtest.User, change, role string) platformtest.Answer {
	t.Helper()
	form := url.Values{"change": {change}, "role": {role}}
	return platformtest.Send(t, p, roles.Routes(p), platformtest.Form(t, by, path(whom), form.Encode()))
}

// signedIn makes somebody with roles.
func signedIn(t testing.TB, p *platform.Platform, email string, has ...string) *platformtest.User {
	t.Helper()
	u := platformtest.Learner(t, p, email)
	platformtest.Exec(t, p, `UPDATE users SET roles = $2 WHERE id = $1`, u.ID, has)
	return u
}

const record = `SELECT coalesce(string_agg(concat_ws(' ', action, detail), '; ' ORDER BY id), '') FROM audit_log WHERE actor = $1 AND subject = 'user:' || $2::text`

func TestAuthor(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	op, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	status := func() int {
		return platformtest.Call(t, p, tokens.Routes(p), ana, "GET", "/tokens", nil).Status
	}
	if status() != http.StatusForbidden {
		t.Fatal("an author without the role")
	}
	if a := turn(t, p, op, ana, "add", "author"); a.Status != http.StatusSeeOther || a.Header.Get("Location") != path(ana)+"?saved=add" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if status() != http.StatusOK {
		t.Error("no author with the role")
	}
	_, token, err := account.NewToken(t.Context(), p.DB, ana.ID, "laptop")
	if err != nil {
		t.Fatal(err)
	}
	publishes := func() int {
		r := platformtest.Request(t, nil, "GET", "/api/versions/instrument", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return platformtest.Send(t, p, versions.Routes(p), r).Status
	}
	if publishes() != http.StatusOK {
		t.Errorf("the token of an author: %d", publishes())
	}
	if a := turn(t, p, op, ana, "add", "author"); a.Status != http.StatusConflict {
		t.Errorf("given twice: %d", a.Status)
	}
	if a := turn(t, p, op, ana, "remove", "author"); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if status() != http.StatusForbidden || publishes() != http.StatusUnauthorized {
		t.Errorf("the role is taken away, but the session gets %d and the token %d", status(), publishes())
	}
	if a := turn(t, p, op, ana, "add", "author"); a.Status != http.StatusSeeOther || publishes() != http.StatusUnauthorized {
		t.Errorf("with the role (%d) an old token came back to life: %d", a.Status, publishes())
	}
	want := `role given {"role": "author"}; role taken {"role": "author", "tokens_revoked": 1}; role given {"role": "author"}`
	if got := platformtest.Text(t, p, record, op.ID, ana.ID); got != want {
		t.Errorf("record %s", got)
	}
}

// A token of an author who has lost the role in another way opens nothing.
func TestTokenWithoutRole(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := signedIn(t, p, "ana@example.com", "author")
	_, token, err := account.NewToken(t.Context(), p.DB, ana.ID, "laptop")
	if err != nil {
		t.Fatal(err)
	}
	platformtest.Exec(t, p, `UPDATE users SET roles = '{}'`)
	r := platformtest.Request(t, nil, "GET", "/api/versions/instrument", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	if a := platformtest.Send(t, p, versions.Routes(p), r); a.Status != http.StatusForbidden {
		t.Errorf("%d", a.Status)
	}
}

func TestOperator(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	op, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	sees := func() int { return platformtest.Call(t, p, roles.Routes(p), ana, "GET", path(op), nil).Status }
	if sees() != http.StatusForbidden {
		t.Fatal("an operator without the role")
	}
	if a := turn(t, p, op, ana, "add", "operator"); a.Status != http.StatusSeeOther || sees() != http.StatusOK {
		t.Errorf("%d, sees %d", a.Status, sees())
	}
	// Whom the configuration makes an operator stays one.
	for _, role := range []string{"author", "operator"} {
		a := turn(t, p, ana, op, "remove", role)
		if a.Status != http.StatusConflict || !strings.Contains(a.Body, "ADMIN_EMAILS") {
			t.Errorf("%s of the configuration: %d", role, a.Status)
		}
	}
	if a, doc := platformtest.Page(t, p, roles.Routes(p), ana, path(op)); a.Status != http.StatusOK || doc.Find("main form").Length() != 0 || !strings.Contains(doc.Find(".notice").Text(), "ADMIN_EMAILS") {
		t.Error("the page does not say where the roles are set")
	}
	// Nobody takes their own away.
	if a := turn(t, p, ana, ana, "remove", "operator"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "your own operator role") {
		t.Errorf("one's own: %d", a.Status)
	}
	if _, doc := platformtest.Page(t, p, roles.Routes(p), ana, path(ana)); doc.Find("input[value=operator]").Length() != 0 || !strings.Contains(doc.Find(".rows").Text(), "Another operator can") {
		t.Error("the page offers to take one's own role away")
	}
	if a := turn(t, p, op, ana, "remove", "operator"); a.Status != http.StatusSeeOther || sees() != http.StatusForbidden {
		t.Errorf("%d, and sees %d at once", a.Status, sees())
	}
	if a := turn(t, p, op, ana, "remove", "operator"); a.Status != http.StatusConflict {
		t.Errorf("taken twice: %d", a.Status)
	}
	if got := platformtest.Text(t, p, record, op.ID, ana.ID); got != `role given {"role": "operator"}; role taken {"role": "operator"}` {
		t.Errorf("record %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT count(*)::text FROM audit_log`); got != "2" {
		t.Errorf("%s entries", got)
	}
}

// Two operators who take each other's role at once do not leave nobody.
func TestOneIsLeft(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for range 5 {
		ana, ben := signedIn(t, p, "ana@example.com", "operator"), signedIn(t, p, "ben@example.com", "operator")
		var all sync.WaitGroup
		all.Go(func() { turn(t, p, ana, ben, "remove", "operator") })
		all.Go(func() { turn(t, p, ben, ana, "remove", "operator") })
		all.Wait()
		if got := platformtest.Text(t, p, `SELECT count(*)::text FROM users WHERE 'operator' = ANY(roles)`); got != "1" {
			t.Fatalf("%s operators are left", got)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	op, ana, author := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com"), signedIn(t, p, "author@example.com", "author")
	nobody := &platformtest.User{ID: uuid.New()}
	for _, tc := range []struct {
		name         string
		by, whom     *platformtest.User
		change, role string
		status       int
	}{
		{"signed out", nil, ana, "add", "operator", 401},
		{"a learner", ana, ana, "add", "operator", 403},
		{"an author", author, author, "add", "operator", 403},
		{"nobody", op, nobody, "add", "author", 404},
		{"no role", op, ana, "add", "owner", 400},
		{"no change", op, ana, "turn", "author", 400},
		{"not an author", op, ana, "remove", "author", 409},
	} {
		if a := turn(t, p, tc.by, tc.whom, tc.change, tc.role); a.Status != tc.status {
			t.Errorf("%s: %d, want %d", tc.name, a.Status, tc.status)
		}
	}
	for path, status := range map[string]int{"/admin/people/x/roles": 404, path(nobody): 404, path(ana): 200} {
		if a := platformtest.Call(t, p, roles.Routes(p), op, "GET", path, nil); a.Status != status {
			t.Errorf("GET %s: %d", path, a.Status)
		}
	}
	if a := platformtest.Send(t, p, roles.Routes(p), platformtest.Form(t, op, "/admin/people/x/roles", "role=author&change=add")); a.Status != http.StatusNotFound {
		t.Errorf("no id: %d", a.Status)
	}
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '16 minutes'`)
	if a := turn(t, p, op, ana, "add", "author"); !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
		t.Errorf("signed in a while ago: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if _, doc := platformtest.Page(t, p, roles.Routes(p), op, path(ana)); doc.Find("main form").Length() != 0 || doc.Find("main a[href^='/account/confirm']").Length() != 1 {
		t.Error("a stale session is offered what it may not do")
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', (SELECT count(*) FROM users WHERE roles <> '{}'), (SELECT count(*) FROM audit_log))`); got != "1 0" {
		t.Errorf("roles, entries: %s", got)
	}
}
