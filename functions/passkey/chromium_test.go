package passkey_test

import (
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/functions/account"
	"pilothandbook/functions/asset"
	"pilothandbook/functions/passkey"
	"pilothandbook/functions/session"
	"pilothandbook/functions/signin"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
)

// patience bounds a wait for something that must happen.
const patience = 30 * time.Second

// serve starts a site whose configured address is the one it is reached by.
func serve(t *testing.T) *platform.Platform {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	cfg := platformtest.Config(t)
	cfg.AuthURL = "http://localhost:" + port
	p := platformtest.Open(t, cfg)
	server.Config.Handler = router.New(p, slices.Concat(account.Routes(p), asset.Routes(p), passkey.Routes(p), session.Routes(p), signin.Routes(p))...)
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// shows waits until an element is seen with this text.
func shows(t *testing.T, page *rod.Page, selector, text string) {
	t.Helper()
	if _, err := page.Timeout(patience).ElementR(selector, text); err != nil {
		main, _ := page.Eval(`() => document.querySelector("main").innerText`)
		t.Fatalf("%s never shows %q: %v\nThe page: %v", selector, text, err, main)
	}
}

func click(t *testing.T, page *rod.Page, selector string) {
	t.Helper()
	e, err := page.Element(selector)
	if err == nil {
		err = e.WaitVisible()
	}
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		t.Fatalf("click %s: %v", selector, err)
	}
}

// eventually waits until a function of JavaScript returns true in the page,
// whatever it is that is shown by then.
func eventually(t *testing.T, page *rod.Page, what, function string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if v, err := page.Eval(function); err == nil && v.Value.Bool() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func visit(t *testing.T, page *rod.Page, url string) {
	t.Helper()
	if err := page.Navigate(url); err != nil {
		t.Fatal(err)
	}
	if err := page.WaitLoad(); err != nil {
		t.Fatal(err)
	}
}

// A reader makes a passkey, signs out and in again with it in a real browser,
// and is refused once it is deleted.
func TestInChromium(t *testing.T) {
	t.Parallel()
	b, p := chromium.Start(t), serve(t)
	site := p.Config.AuthURL
	ana := platformtest.Learner(t, p, "ana@example.com")
	err := b.SetCookies([]*proto.NetworkCookieParam{{Name: accounts.SessionCookie, Value: ana.Secret, URL: site, HTTPOnly: true}})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := b.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	page := tab.Timeout(3 * patience)
	if err := (proto.WebAuthnEnable{}).Call(page); err != nil {
		t.Fatal(err)
	}
	device, err := proto.WebAuthnAddVirtualAuthenticator{Options: &proto.WebAuthnVirtualAuthenticatorOptions{
		Protocol: proto.WebAuthnAuthenticatorProtocolCtap2, Transport: proto.WebAuthnAuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}.Call(page)
	if err != nil {
		t.Fatal(err)
	}

	visit(t, page, site+"/account") // offers one
	click(t, page, "[data-passkey=add] button")
	eventually(t, page, "the offer is gone", `() => document.readyState === "complete" && !document.querySelector("[data-passkey]")`)
	visit(t, page, site+"/passkeys")
	shows(t, page, "li strong", "Chrome on ")
	kept, err := proto.WebAuthnGetCredentials{AuthenticatorID: device.AuthenticatorID}.Call(page)
	if err != nil || len(kept.Credentials) != 1 || kept.Credentials[0].RpID != "localhost" || !kept.Credentials[0].IsResidentCredential {
		t.Fatalf("the device keeps %+v, %v", kept, err)
	}
	click(t, page, "[data-passkey=add] button")
	shows(t, page, ".error", "has a passkey for your account already")

	if err := b.SetCookies(nil); err != nil { // signed out
		t.Fatal(err)
	}
	visit(t, page, site+"/signin?next=/passkeys")
	click(t, page, "[data-passkey=signin] button")
	shows(t, page, ".meta", "Last used")
	var email, sessionDevice string
	row := p.DB.QueryRow(t.Context(), `SELECT email, device FROM sessions JOIN users u ON u.id = user_id WHERE device <> 'Test'`)
	if err := row.Scan(&email, &sessionDevice); err != nil || email != ana.Email || !strings.HasPrefix(sessionDevice, "Chrome on ") {
		t.Errorf("session of %q on %q, %v", email, sessionDevice, err)
	}

	// What needs a fresh sign-in is confirmed by the same passkey.
	sql(t, p, stale)
	visit(t, page, site+"/account")
	click(t, page, "a[href^='/account/confirm']")
	click(t, page, "[data-passkey=confirm] button")
	shows(t, page, "h2", "Delete the account")
	if n := number(t, p, fresh); n != 1 {
		t.Errorf("%d sessions are fresh, want this one", n)
	}

	visit(t, page, site+"/passkeys")
	click(t, page, "li form button") // deletes it
	shows(t, page, "li", "You have no passkey yet")
	if err := b.SetCookies(nil); err != nil {
		t.Fatal(err)
	}
	visit(t, page, site+"/signin")
	click(t, page, "[data-passkey=signin] button")
	shows(t, page, ".error", "cannot be used here")
	if n := number(t, p, `SELECT count(*) FROM sessions`); n != 2 {
		t.Errorf("%d sessions, want two", n)
	}
}

// A browser that cannot is offered nothing.
func TestUnableChromium(t *testing.T) {
	t.Parallel()
	b, p := chromium.Start(t), serve(t)
	tab, err := b.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	page := tab.Timeout(2 * patience)
	if _, err := page.EvalOnNewDocument(`delete window.PublicKeyCredential`); err != nil {
		t.Fatal(err)
	}
	visit(t, page, p.Config.AuthURL+"/signin")
	e, err := page.Element("[data-passkey=signin]")
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := e.Visible(); seen || err != nil {
		t.Errorf("the button is shown: %v, %v", seen, err)
	}
	ready, err := page.Eval(`() => document.readyState`)
	if err != nil || ready.Value.Str() != "complete" {
		t.Errorf("the script had not run yet: %v, %v", ready, err)
	}
}
