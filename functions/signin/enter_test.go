package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pilothandbook/functions/signin"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"

func TestSignInByCode(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(p)
	b.agent = iPhone
	path, code := b.ask(t, "Ana@Example.com", "/orders")
	has(t, b.get(t, path), http.StatusOK, "A code is on its way to ana@example.com.")

	a := b.post(t, path, "code", " "+code.Digits[:3]+" "+code.Digits[3:])
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/orders" {
		t.Fatalf("%d to %q: %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	if len(b.cookies) != 2 || b.cookies[account.SessionCookie] == "" || b.cookies["signin"] == "" {
		t.Errorf("cookies %v, want the session's, and the one by which the browser is known", b.cookies)
	}
	var device, email string
	err := p.DB.QueryRow(t.Context(), `SELECT device, email FROM sessions JOIN users u ON u.id = user_id`).Scan(&device, &email)
	if err != nil || device != "Safari on iPhone" || email != "ana@example.com" {
		t.Errorf("session of %q on %q, %v", email, device, err)
	}
	// A second click on the button, or on the mail's link, just goes on.
	for _, again := range []platformtest.Answer{
		b.post(t, path, "code", code.Digits), b.get(t, path+"?link="+code.Link), b.get(t, path),
	} {
		if again.Status != http.StatusSeeOther || again.Header.Get("Location") != "/orders" {
			t.Errorf("again: %d to %q", again.Status, again.Header.Get("Location"))
		}
	}
	has(t, newBrowser(p).post(t, path, "code", code.Digits), http.StatusConflict, "used already")
}

// Whoever comes for the first time, and was on the way to nothing, is led to
// the account, where a passkey is offered.
func TestFirstSignIn(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, tc := range []struct{ name, email, next, want string }{
		{"first", "ana@example.com", "/", "/account"},
		{"second", "ana@example.com", "/", "/"},
		{"first, on the way", "bob@example.com", "/modules/instrument", "/modules/instrument"},
	} {
		b := newBrowser(p)
		path, code := b.ask(t, tc.email, tc.next)
		if got := b.post(t, path, "code", code.Digits).Header.Get("Location"); got != tc.want {
			t.Errorf("%s: to %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestScannersUseNothingUp(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(p)
	path, code := b.ask(t, "ana@example.com", "/")
	link := path + "?link=" + code.Link
	for _, who := range []*browser{newBrowser(p), b} { // also one that shares the cookies
		for range 20 {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				a := who.send(t, platformtest.Request(t, nil, method, link, nil))
				if a.Status != http.StatusOK || len(set(a)) != 0 {
					t.Fatalf("%s: %d, cookies %v", method, a.Status, set(a))
				}
			}
		}
	}
	a := b.get(t, link)
	form := page(t, a).Find("form:has(input[name=link])")
	if form.AttrOr("method", "") != "post" || form.AttrOr("action", "") != path || form.Find("input[name=link]").AttrOr("value", "") != code.Link {
		t.Fatalf("the page has no button: %s", a.Body)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "strict-origin" {
		t.Errorf("header %v", a.Header)
	}
	if a := b.post(t, path, "link", code.Link); a.Status != http.StatusSeeOther || b.cookies[account.SessionCookie] == "" {
		t.Errorf("the link after the scanners: %d %s", a.Status, a.Body)
	}
}

func TestLinkElsewhere(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	path, code := newBrowser(p).ask(t, "ana@example.com", "/")
	other := newBrowser(p)
	a := other.get(t, path+"?link="+code.Link)
	has(t, a, http.StatusOK, "This browser is not the one that asked")
	if strings.Contains(a.Body, code.Link) || strings.Contains(a.Body, "ana@example.com") {
		t.Error("a stranger's browser is offered the link, or told the address")
	}
	has(t, other.post(t, path, "link", code.Link), http.StatusBadRequest, "not right")
	if len(other.cookies) != 0 {
		t.Errorf("the link signed another browser in: %v", other.cookies)
	}
	if a := other.post(t, path, "code", code.Digits); a.Status != http.StatusSeeOther || other.cookies[account.SessionCookie] == "" {
		t.Errorf("the code elsewhere: %d %s", a.Status, a.Body)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)

	t.Run("no code", func(t *testing.T) {
		b := newBrowser(p)
		path, code := b.ask(t, "a@example.com", "/")
		for range 7 { // a slip does not count
			has(t, b.post(t, path, "code", "12345"), http.StatusBadRequest, "enter the six digits")
		}
		a := b.post(t, path, "code", wrong(code.Digits))
		has(t, a, http.StatusBadRequest, "That code is not right.")
		in := page(t, a).Find("input[name=code]")
		if in.AttrOr("aria-invalid", "") != "true" || in.AttrOr("aria-describedby", "") != "code-error" {
			t.Error("the field is not marked")
		}
		if a := b.post(t, path, "code", code.Digits); a.Status != http.StatusSeeOther {
			t.Errorf("the right code after that: %d", a.Status)
		}
	})
	t.Run("five wrong ones", func(t *testing.T) {
		b := newBrowser(p)
		path, code := b.ask(t, "b@example.com", "/orders")
		for range 4 {
			has(t, b.post(t, path, "code", wrong(code.Digits)), http.StatusBadRequest, "not right")
		}
		has(t, b.post(t, path, "code", wrong(code.Digits)), http.StatusTooManyRequests, "Five wrong codes were entered.")
		a := b.post(t, path, "code", code.Digits)
		has(t, a, http.StatusTooManyRequests, "Five wrong codes were entered.")
		form := page(t, a).Find("form[action='/signin']")
		if form.Find("input[name=email]").AttrOr("value", "") != "b@example.com" || form.Find("input[name=next]").AttrOr("value", "") != "/orders" {
			t.Error("there is no way to ask anew")
		}
	})
	t.Run("replaced", func(t *testing.T) {
		b := newBrowser(p)
		old, code := b.ask(t, "c@example.com", "/")
		newer, _ := b.ask(t, "c@example.com", "/")
		has(t, b.post(t, old, "code", code.Digits), http.StatusConflict, "replaced by a newer one")
		has(t, b.get(t, old+"?link="+code.Link), http.StatusConflict, "replaced by a newer one")
		a := b.post(t, newer, "code", code.Digits)
		has(t, a, http.StatusConflict, "replaced by a newer one")
		if page(t, a).Find("input[name=code]").Length() != 1 {
			t.Error("the newest request takes no code any more")
		}
	})
	t.Run("expired", func(t *testing.T) {
		b := newBrowser(p)
		path, code := b.ask(t, "d@example.com", "/")
		platformtest.Exec(t, p, `UPDATE sign_in_requests SET expires_at = now() WHERE email = 'd@example.com'`)
		has(t, b.post(t, path, "code", code.Digits), http.StatusConflict, "older than ten minutes")
		a := b.get(t, path)
		has(t, a, http.StatusConflict, "older than ten minutes")
		if page(t, a).Find("input[name=code]").Length() != 0 {
			t.Error("a code is asked for that cannot help")
		}
	})
	t.Run("unknown", func(t *testing.T) {
		for _, path := range []string{"/signin/nonsense", "/signin/01890a5d-ac96-774b-bcce-b302099a8057"} {
			has(t, newBrowser(p).get(t, path), http.StatusNotFound, "no such sign-in")
			has(t, newBrowser(p).post(t, path, "code", "123456"), http.StatusNotFound, "no such sign-in")
		}
	})
}

func TestCookies(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.AuthURL = "https://handbook.example"
	secure := platformtest.Open(t, cfg)
	for _, tc := range []struct {
		name, prefix string
		b            *browser
	}{
		{"http", "", newBrowser(platformtest.New(t))},
		{"https", "__Host-", newBrowser(secure)},
	} {
		tc.b.ask(t, "ana@example.com", "/")
		first := tc.b.cookies[tc.prefix+"signin"]
		tc.b.ask(t, "ana@example.com", "/")
		if first == "" || tc.b.cookies[tc.prefix+"signin"] != first {
			t.Errorf("%s: the browser's secret is not kept: %v", tc.name, tc.b.cookies)
		}
		path, code := tc.b.ask(t, "bob@example.com", "/")
		all := set(tc.b.post(t, path, "code", code.Digits))
		if len(all) != 2 {
			t.Fatalf("%s: cookies %v", tc.name, all)
		}
		for _, c := range all {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != (tc.prefix != "") || !strings.HasPrefix(c.Name, tc.prefix) {
				t.Errorf("%s: %s", tc.name, c.Raw)
			}
		}
		if all[0].Name != tc.prefix+account.SessionCookie || time.Duration(all[0].MaxAge)*time.Second != account.Absolute || len(all[0].Value) < 43 {
			t.Errorf("%s: %s", tc.name, all[0].Raw)
		}
		if all[1].Name != tc.prefix+"signin" || all[1].Value != first || all[1].MaxAge != 365*24*3600 {
			t.Errorf("%s: %s", tc.name, all[1].Raw)
		}
	}
}

func TestSessionIsRotated(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	b.cookies[account.SessionCookie] = ana.Secret
	path, code := b.ask(t, "bob@example.com", "/")
	has(t, b.get(t, path), http.StatusOK, "A code is on its way to bob@example.com.")
	b.post(t, path, "code", code.Digits)
	if got := b.cookies[account.SessionCookie]; got == "" || got == ana.Secret {
		t.Errorf("the session is %q", got)
	}
	if n := count(t, p, "sessions"); n != 1 {
		t.Errorf("%d sessions, want the new one alone", n)
	}
	if a := platformtest.Call(t, p, signin.Routes(p), ana, "GET", "/signin", nil); a.Status != http.StatusOK {
		t.Errorf("the former session is still let in: %d", a.Status)
	}
}

func TestSessionIsNotFixed(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(p)
	b.cookies[account.SessionCookie] = "chosen by somebody else"
	path, code := b.ask(t, "ana@example.com", "/")
	b.post(t, path, "code", code.Digits)
	if b.cookies[account.SessionCookie] == "chosen by somebody else" {
		t.Error("a session given from outside became a real one")
	}
	// An attacker's request in a victim's browser: the link does not work there.
	attacker, victim := newBrowser(p), newBrowser(p)
	path, code = attacker.ask(t, "attacker@example.com", "/")
	victim.post(t, path, "link", code.Link)
	if len(victim.cookies) != 0 {
		t.Errorf("the victim is signed in as the attacker: %v", victim.cookies)
	}
}
