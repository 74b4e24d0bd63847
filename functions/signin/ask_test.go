package signin_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/functions/signin"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

func TestForm(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")

	a := newBrowser(p).get(t, "/signin?next=/modules/instrument?a=b%26c")
	has(t, a, http.StatusOK, "There is no password.")
	if got := page(t, a).Find("input[name=next]").AttrOr("value", ""); got != "/modules/instrument?a=b&c" {
		t.Errorf("next is %q", got)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "strict-origin" || len(set(a)) != 0 {
		t.Errorf("header %v", a.Header)
	}
	a = platformtest.Call(t, p, signin.Routes(p), ana, "GET", "/signin?next=/orders", nil)
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/orders" {
		t.Errorf("signed in already: %d to %q", a.Status, a.Header.Get("Location"))
	}
}

func TestAskFaults(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(p)
	for _, email := range []string{"", "ana", "ana@localhost", "Ana <ana@example.com>", "a@b.c\r\nBcc: d@e.f", "\"><script>", strings.Repeat("a", 300) + "@example.com"} {
		a := b.post(t, "/signin", "email", email, "next", "/orders")
		has(t, a, http.StatusBadRequest, "Please enter an e-mail address")
		in := page(t, a).Find("input[name=email]")
		typed := strings.NewReplacer("\r", "", "\n", "").Replace(email)
		shown := strings.NewReplacer("\r", "", "\n", "").Replace(in.AttrOr("value", ""))
		if shown != typed || in.AttrOr("aria-invalid", "") != "true" || in.AttrOr("aria-describedby", "") != "email-hint email-error" {
			t.Errorf("%q: the field is not kept or not marked: %q", email, shown)
		}
		if got := page(t, a).Find("input[name=next]").AttrOr("value", ""); got != "/orders" {
			t.Errorf("next is %q", got)
		}
	}
	if count(t, p, "sign_in_requests") != 0 || len(b.cookies) != 0 {
		t.Error("a refused address left something")
	}
}

func TestAskSaysNothingOfAccounts(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Learner(t, p, "known@example.com")
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	looks := func(email string) string {
		b := newBrowser(p)
		a := b.post(t, "/signin", "email", email)
		next := b.get(t, a.Header.Get("Location"))
		next.Header.Del("X-Request-Id")
		all := fmt.Sprint(a.Status, slices.Sorted(maps.Keys(a.Header)), a.Header.Get("Location"), a.Body, next.Status, next.Header, next.Body)
		return strings.ReplaceAll(ids.ReplaceAllString(all, "<id>"), email, "<email>")
	}
	known, unknown := looks("known@example.com"), looks("nobody@example.com")
	// Content-Length differs by the address that the browser itself sent.
	lengths := regexp.MustCompile(`Content-Length:\[\d+\]`)
	if diff := cmp.Diff(lengths.ReplaceAllString(known, ""), lengths.ReplaceAllString(unknown, "")); diff != "" {
		t.Errorf("a known address answers differently:\n%s", diff)
	}
	if count(t, p, "users") != 1 {
		t.Error("asking made a user")
	}
}

func TestAskTooOften(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for range 5 {
		newBrowser(p).ask(t, "ana@example.com", "/")
	}
	a := newBrowser(p).post(t, "/signin", "email", " ANA@example.com ")
	has(t, a, http.StatusTooManyRequests, "Five codes were sent to this address")
	if count(t, p, "sign_in_requests") != 5 {
		t.Error("a sixth code is mailed")
	}
}

// Strangers who use up an address's codes, and guess at them, do not keep its
// owner out of the browsers that they sign in with.
func TestStrangersDoNotLockOut(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	own, phone := newBrowser(p), newBrowser(p)
	path, code := phone.ask(t, "ana@example.com", "/")
	has(t, own.post(t, path, "code", wrong(code.Digits)), http.StatusBadRequest, "not right")
	if len(own.cookies) != 0 {
		t.Errorf("a wrong code makes a browser known: %v", own.cookies)
	}
	// The code is asked for on the phone and entered here: this browser is
	// known from then on, and the phone is not.
	if a := own.post(t, path, "code", code.Digits); a.Status != http.StatusSeeOther {
		t.Fatalf("the owner's first sign-in: %d", a.Status)
	}
	delete(own.cookies, account.SessionCookie)
	for range 4 {
		path, code := newBrowser(p).ask(t, "ana@example.com", "/")
		for range 5 {
			newBrowser(p).post(t, path, "code", wrong(code.Digits))
		}
	}
	for _, b := range []*browser{newBrowser(p), phone} {
		has(t, b.post(t, "/signin", "email", "ana@example.com"), http.StatusTooManyRequests, "sign in with a passkey")
	}
	for range 5 {
		path, code := own.ask(t, "ana@example.com", "/orders")
		if a := own.post(t, path, "code", code.Digits); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/orders" {
			t.Fatalf("the owner, locked out by strangers: %d %s", a.Status, a.Body)
		}
		delete(own.cookies, account.SessionCookie)
	}
	has(t, own.post(t, "/signin", "email", "ana@example.com"), http.StatusTooManyRequests, "Five codes were sent")
	// Known to one account is not known to others.
	for range 5 {
		newBrowser(p).ask(t, "bob@example.com", "/")
	}
	has(t, own.post(t, "/signin", "email", "bob@example.com"), http.StatusTooManyRequests, "Five codes were sent")
}

// Who is no browser is answered in JSON.
func TestFaultsAsJSON(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	path, _ := newBrowser(p).ask(t, "ana@example.com", "/")
	for to, form := range map[string]string{"/signin": "email=nonsense", path: "code=1"} {
		r := platformtest.Form(t, nil, to, form)
		r.Header.Set("Accept", "application/json")
		a := platformtest.Send(t, p, signin.Routes(p), r)
		var refusal struct{ Error, Field string }
		a.Into(t, &refusal)
		if a.Status != http.StatusBadRequest || refusal.Error == "" || refusal.Field == "" {
			t.Errorf("%s: %d %s", to, a.Status, a.Body)
		}
	}
}

// One network cannot have mails sent to everybody, whatever it says it is.
func TestAskForMany(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	sent := 0
	for i := range 130 {
		r := platformtest.Form(t, nil, "/signin", fmt.Sprintf("email=a%d@example.com", i))
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d, 203.0.113.7", i))
		switch a := newBrowser(p).send(t, r); {
		case a.Status == http.StatusSeeOther:
			sent++
		case a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "":
			t.Fatalf("got %d with Retry-After %q", a.Status, a.Header.Get("Retry-After"))
		}
	}
	if sent < 100 || sent > 105 { // a few may come free meanwhile
		t.Errorf("%d mails are sent, want 100", sent)
	}
}

// Passkeys are offered where the site has a name, and nothing is shown without
// scripts.
func TestPasskeysOffered(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	for address, want := range map[string]int{"http://localhost:3000": 1, "http://127.0.0.1:3000": 0} {
		own := *cfg
		own.AuthURL = address
		a := newBrowser(platformtest.Open(t, &own)).get(t, "/signin?next=/orders")
		if got := page(t, a).Find("[data-passkey=signin][data-next='/orders'][hidden] button[type=button]").Length(); got != want {
			t.Errorf("%s: %d buttons, want %d", address, got, want)
		}
	}
}

func TestNextStaysHere(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for i, next := range []string{
		"https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)",
		"/\r\nLocation: https://evil.example", "evil", "", "/\xff/\x00", "/..//evil.example", "/" + strings.Repeat("x", 600),
	} {
		b := newBrowser(p)
		path, code := b.ask(t, fmt.Sprintf("a%d@example.com", i), next)
		a := b.post(t, path, "code", code.Digits)
		to := a.Header.Get("Location")
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
			t.Errorf("next %q leads to %d %q", next, a.Status, to)
		}
	}
}

func TestHostIsNotBelieved(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(p)
	r := platformtest.Form(t, nil, "/signin", "email=ana@example.com")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "host=evil.example")
	a := b.send(t, r)
	if to := a.Header.Get("Location"); a.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/signin/") {
		t.Errorf("leads to %q", to)
	}
	if next := b.get(t, a.Header.Get("Location")); strings.Contains(next.Body, "evil") {
		t.Error("the page names another host")
	}
}

func TestOtherSitesCannotAsk(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	r := platformtest.Form(t, nil, "/signin", "email=ana@example.com")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := newBrowser(p).send(t, r); a.Status != http.StatusForbidden || count(t, p, "sign_in_requests") != 0 {
		t.Errorf("another site's form: %d", a.Status)
	}
}
