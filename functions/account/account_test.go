package account_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/account"
	"pilothandbook/functions/signin"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func post(t *testing.T, p *platform.Platform, who *platformtest.User, path string, form url.Values) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, append(account.Routes(p), signin.Routes(p)...), platformtest.Form(t, who, path, form.Encode()))
}

func TestPage(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, operator := platformtest.Learner(t, p, "ana@example.com"), platformtest.Operator(t, p)
	a, doc := platformtest.Page(t, p, account.Routes(p), ana, "/account")
	links := strings.Join(platformtest.Links(doc), "\n")
	for _, want := range []string{
		"GET /orders", "GET /access", "GET /account/mail", "GET /devices", "GET /passkeys", "POST /signout", "POST /account", "POST /account/email", "POST /account/export", "POST /account/delete",
	} {
		if a.Status != http.StatusOK || !strings.Contains(links+"\n", want+"\n") {
			t.Errorf("%d: the page does not lead to %s", a.Status, want)
		}
	}
	if doc.Find("main [style], main script").Length() != 0 || strings.Contains(links, "/tokens") {
		t.Error("the page has inline style or script, or leads a learner to what is not theirs")
	}
	if _, doc := platformtest.Page(t, p, account.Routes(p), operator, "/account"); doc.Find("a[href='/tokens']").Length() != 1 {
		t.Error("an operator is not led to the tokens")
	}
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	if _, doc := platformtest.Page(t, p, account.Routes(p), ana, "/account"); doc.Find("form[action^='/account/e'], form[action='/account/delete']").Length() != 0 ||
		doc.Find("a[href='/account/confirm?next=%2Faccount']").Length() != 1 {
		t.Error("a stale session is offered what it may not do")
	}
	if a := platformtest.Call(t, p, account.Routes(p), nil, "GET", "/account", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", a.Status)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, tc := range []struct {
		name, typed string
		status      int
		want        string
	}{
		{"a name", "  Ana   <b> ", http.StatusSeeOther, "Ana <b>"},
		{"too long", strings.Repeat("ä", 101), http.StatusBadRequest, "Ana <b>"},
		{"no text", "\xff", http.StatusBadRequest, "Ana <b>"},
		{"none", " ", http.StatusSeeOther, "nobody"},
	} {
		form := url.Values{"name": {tc.typed}, "roles": {"operator"}, "email": {"evil@example.com"}}
		a := platformtest.Send(t, p, account.Routes(p), platformtest.Stray(platformtest.Form(t, ana, "/account", form.Encode())))
		got := platformtest.Text(t, p, `SELECT coalesce(name, 'nobody') FROM users WHERE email = 'ana@example.com' AND roles = '{}'`)
		if a.Status != tc.status || got != tc.want {
			t.Errorf("%s: %d, %q; want %d, %q", tc.name, a.Status, got, tc.status, tc.want)
		}
		if input := platformtest.Parse(t, a.Body).Find("#name[aria-invalid]"); tc.name == "too long" && input.AttrOr("value", "") != tc.typed {
			t.Errorf("%s: what was typed is lost", tc.name)
		}
	}
}

func TestChangeAddress(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, phone := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ana@example.com")
	bob := platformtest.Learner(t, p, "bob@example.com")
	for _, typed := range []string{"nonsense", "Ana@example.com"} {
		a := post(t, p, ana, "/account/email", url.Values{"email": {typed}})
		if input := platformtest.Parse(t, a.Body).Find("#email[aria-invalid]"); a.Status != http.StatusBadRequest || input.AttrOr("value", "") != typed {
			t.Errorf("%q: %d", typed, a.Status)
		}
	}
	a := post(t, p, ana, "/account/email", url.Values{"email": {"New@example.com"}})
	path := a.Header.Get("Location")
	id, err := uuid.Parse(strings.TrimPrefix(path, "/account/email/"))
	if a.Status != http.StatusSeeOther || err != nil {
		t.Fatalf("%d to %q", a.Status, path)
	}
	digits, err := accounts.MakeChangeCode(t.Context(), p.DB, p.Config.AuthSecret.Reveal(), id)
	if err != nil {
		t.Fatal(err)
	}
	if a := post(t, p, bob, path, url.Values{"code": {digits}}); a.Status != http.StatusNotFound {
		t.Errorf("by somebody else: %d", a.Status)
	}
	if a, _ := platformtest.Page(t, p, account.Routes(p), bob, path); a.Status != http.StatusNotFound {
		t.Errorf("seen by somebody else: %d", a.Status)
	}
	if a, doc := platformtest.Page(t, p, account.Routes(p), ana, path); a.Status != http.StatusOK || doc.Find("form[action='"+path+"']").Length() != 1 {
		t.Errorf("page of the code: %d", a.Status)
	}
	wrong := "000000"
	if digits == wrong {
		wrong = "000001"
	}
	if a := post(t, p, ana, path, url.Values{"code": {wrong}}); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "not right") {
		t.Errorf("a wrong code: %d", a.Status)
	}
	if a := post(t, p, ana, path, url.Values{"code": {"12345"}}); a.Status != http.StatusBadRequest || platformtest.Text(t, p, `SELECT wrong::text FROM email_changes`) != "1" {
		t.Errorf("a slip of the finger: %d", a.Status)
	}
	if a := post(t, p, ana, path, url.Values{"code": {digits[:3] + " " + digits[3:]}}); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/signin?after=changed&next=/account" {
		t.Errorf("the code: %d to %q %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	for _, who := range []*platformtest.User{ana, phone} {
		if a := platformtest.Call(t, p, account.Routes(p), who, "GET", "/account", nil); a.Status != http.StatusUnauthorized {
			t.Errorf("a session survives: %d", a.Status)
		}
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(email, ' ' ORDER BY email) FROM users`); got != "bob@example.com new@example.com" {
		t.Errorf("addresses %q", got)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(kind, ' ' ORDER BY kind) FROM outbox WHERE kind LIKE 'email-change%'`); got != "email-change-code email-changed" {
		t.Errorf("mails %q", got)
	}
}

// Nobody becomes an operator by a change of address, but operators move to the
// next address of theirs. What to do instead is told to whoever has the code.
func TestChangeToOperators(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	p.Config.AdminEmails += ", next@example.com"
	ana, operator := platformtest.Learner(t, p, "ana@example.com"), platformtest.Operator(t, p)
	move := func(who *platformtest.User) platformtest.Answer {
		path := post(t, p, who, "/account/email", url.Values{"email": {"next@example.com"}}).Header.Get("Location")
		id, err := uuid.Parse(strings.TrimPrefix(path, "/account/email/"))
		if err != nil {
			t.Fatalf("asking tells whose it is: to %q", path)
		}
		digits, err := accounts.MakeChangeCode(t.Context(), p.DB, p.Config.AuthSecret.Reveal(), id)
		if err != nil {
			t.Fatal(err)
		}
		return post(t, p, who, path, url.Values{"code": {digits}})
	}
	if a := move(ana); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "Sign in with it") {
		t.Errorf("a learner: %d %s", a.Status, a.Body)
	}
	if a := platformtest.Call(t, p, account.Routes(p), ana, "GET", "/account", nil); a.Status != http.StatusOK || !strings.Contains(a.Body, "ana@example.com") {
		t.Errorf("the learner is signed out, or has another address: %d", a.Status)
	}
	if a := move(operator); a.Status != http.StatusSeeOther {
		t.Errorf("an operator: %d %s", a.Status, a.Body)
	}
}

// A stale session is led to a fresh sign-in and back to where it was.
func TestConfirm(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	a := post(t, p, ana, "/account/delete", url.Values{"confirm": {"ana@example.com"}})
	to := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/account/confirm?next=") {
		t.Fatalf("%d to %q", a.Status, to)
	}
	_, doc := platformtest.Page(t, p, account.Routes(p), ana, to)
	form := url.Values{}
	doc.Find("form[action='/signin'] input").Each(func(_ int, s *goquery.Selection) { form.Set(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	asked := post(t, p, ana, "/signin", form)
	request := asked.Header.Get("Location")
	id, err := uuid.Parse(strings.TrimPrefix(request, "/signin/"))
	if asked.Status != http.StatusSeeOther || err != nil {
		t.Fatalf("%d to %q", asked.Status, request)
	}
	shown := platformtest.Call(t, p, signin.Routes(p), ana, "GET", request, nil)
	if platformtest.Parse(t, shown.Body).Find("input[name=code]").Length() != 1 {
		t.Fatalf("who is signed in is not asked for the code: %d to %q", shown.Status, shown.Header.Get("Location"))
	}
	c, err := accounts.MakeCode(t.Context(), p.DB, p.Config.AuthSecret.Reveal(), id)
	if err != nil {
		t.Fatal(err)
	}
	in := post(t, p, ana, request, url.Values{"code": {c.Digits}})
	if in.Status != http.StatusSeeOther || in.Header.Get("Location") != "/account" {
		t.Fatalf("%d to %q: %s", in.Status, in.Header.Get("Location"), in.Body)
	}
	for _, cookie := range (&http.Response{Header: in.Header}).Cookies() {
		if cookie.Name == accounts.SessionCookie {
			ana.Secret = cookie.Value
		}
	}
	if a := post(t, p, ana, "/account/delete", url.Values{"confirm": {"x"}}); a.Status != http.StatusBadRequest {
		t.Errorf("after the fresh sign-in: %d", a.Status)
	}
	if a := platformtest.Call(t, p, account.Routes(p), ana, "GET", "/account/confirm?next=//evil.example", nil); a.Header.Get("Location") != "/" {
		t.Errorf("to %q", a.Header.Get("Location"))
	}
}

// TestTooOften: nobody goes on without end with an account that they have got
// hold of, and slips of the finger are forgiven.
func TestTooOften(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for path, most := range map[string]int{"/account/email": 30, "/account/email/" + uuid.NewString(): 60, "/account/delete": 100} {
		for try := range most + 2 {
			a := post(t, p, ana, path, url.Values{"email": {"nobody"}, "confirm": {"nobody"}, "code": {"123456"}})
			if refused := a.Status == http.StatusTooManyRequests; refused != (try >= most) {
				t.Errorf("%s, try %d: status %d", path, try, a.Status)
			}
		}
	}
}
