package scripts_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/functions/account"
	"pilothandbook/functions/asset"
	"pilothandbook/functions/session"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
)

// What was typed is there again after a fresh sign-in that was asked for only
// when the form was sent, and after a page that refused it, and is not afterwards.
func TestTyped(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	server := httptest.NewServer(router.New(p, slices.Concat(asset.Routes(p), session.Routes(p), account.Routes(p))...))
	t.Cleanup(server.Close)
	s := &site{Platform: p, url: server.URL}
	ana := platformtest.Learner(t, p, "ana@example.com")
	page := s.visit(t, chromium.Start(t), ana, "")
	signedIn := func(ago string) {
		t.Helper()
		platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - $1::interval WHERE user_id = $2`, ago, ana.ID)
	}
	at := func(path string) {
		t.Helper()
		eventually(t, "the page is "+path, func() bool { return js(t, page, `() => document.readyState + location.pathname`) == "complete"+path })
	}
	open := func() {
		t.Helper()
		page.MustNavigate(s.url + "/account").MustWaitLoad()
		shows(t, page, "[data-account]", ana.Email)
	}

	signedIn("0")
	open()
	page.MustElement("#email").MustInput("ana@example.org")
	signedIn("16 minutes")
	page.MustElement(`form[action="/account/email"] button`).MustClick()
	at("/account/confirm")
	shows(t, page, "[data-account]", ana.Email)
	open() // another tab meanwhile
	signedIn("0")
	open()
	if got := typedIn(t, page); got != "ana@example.org" {
		t.Errorf("%q is there after it was asked for a fresh sign-in", got)
	}
	open()
	if got := typedIn(t, page); got != "" {
		t.Errorf("%q is there for ever", got)
	}
	send := func() {
		t.Helper()
		page.MustElement("#email").MustInput("ana@example.org")
		page.MustElement(`form[action="/account/email"] button`).MustClick()
	}
	again := func(after string) {
		t.Helper()
		eventually(t, "the page is that of /account", func() bool { return js(t, page, `() => document.readyState + location.pathname`) == "complete/account" })
		if got := typedIn(t, page); got != "ana@example.org" {
			t.Errorf("%q is there after %s", got, after)
		}
	}
	platformtest.Exec(t, p, `ALTER TABLE email_changes RENAME TO away`)
	send()
	page.MustElementR("a", "Back to the form").MustClick()
	again("a fault of ours")
	platformtest.Exec(t, p, `ALTER TABLE away RENAME TO email_changes`)

	open()
	as := func(secret string) {
		t.Helper()
		if err := page.SetCookies([]*proto.NetworkCookieParam{{Name: accounts.SessionCookie, Value: secret, URL: s.url, HTTPOnly: true}}); err != nil {
			t.Fatal(err)
		}
	}
	as("a session that is over")
	send()
	page.MustElementR("a", "Sign in")
	as(ana.Secret)
	page.MustNavigate(s.url + "/account").MustWaitLoad()
	again("the session ended")

	open()
	send()
	eventually(t, "it was taken", func() bool { return js(t, page, `() => location.pathname`) != "/account" })
	open()
	if got := typedIn(t, page); got != "" {
		t.Errorf("%q is there though it was taken", got)
	}
}

func typedIn(t *testing.T, page *rod.Page) string {
	t.Helper()
	return js(t, page, `() => document.querySelector("#email").value`)
}
