package passkey_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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
	"pilothandbook/platform/web"
)

// patience bounds a wait for something that must happen.
const patience = 30 * time.Second

// serve starts a site whose configured address is the one it is reached by.
func serve(t *testing.T) *platform.Platform {
	t.Helper()
	return platformtest.Serve(t, platformtest.Config(t), func(p *platform.Platform) []web.Route {
		return slices.Concat(account.Routes(p), asset.Routes(p), passkey.Routes(p), session.Routes(p), signin.Routes(p))
	})
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

	chromium.Visit(t, page, site+"/account") // offers one
	chromium.Click(t, page, "[data-passkey=add] button")
	chromium.Eventually(t, page, "the offer is gone", `() => document.readyState === "complete" && !document.querySelector("[data-passkey]")`)
	chromium.Visit(t, page, site+"/passkeys")
	chromium.Shows(t, page, "li strong", "Chrome on ")
	kept, err := proto.WebAuthnGetCredentials{AuthenticatorID: device.AuthenticatorID}.Call(page)
	if err != nil || len(kept.Credentials) != 1 || kept.Credentials[0].RpID != "localhost" || !kept.Credentials[0].IsResidentCredential {
		t.Fatalf("the device keeps %+v, %v", kept, err)
	}
	chromium.Click(t, page, "[data-passkey=add] button")
	chromium.Shows(t, page, ".error", "has a passkey for your account already")

	if err := b.SetCookies(nil); err != nil { // signed out
		t.Fatal(err)
	}
	chromium.Visit(t, page, site+"/signin?next=/passkeys")
	chromium.Click(t, page, "[data-passkey=signin] button")
	chromium.Shows(t, page, ".meta", "Last used")
	var email, sessionDevice string
	row := p.DB.QueryRow(t.Context(), `SELECT email, device FROM sessions JOIN users u ON u.id = user_id WHERE device <> 'Test'`)
	if err := row.Scan(&email, &sessionDevice); err != nil || email != ana.Email || !strings.HasPrefix(sessionDevice, "Chrome on ") {
		t.Errorf("session of %q on %q, %v", email, sessionDevice, err)
	}

	// What needs a fresh sign-in is confirmed by the same passkey.
	sql(t, p, stale)
	chromium.Visit(t, page, site+"/account")
	chromium.Click(t, page, "a[href^='/account/confirm']")
	chromium.Click(t, page, "[data-passkey=confirm] button")
	chromium.Shows(t, page, "h2", "Delete the account")
	if n := number(t, p, fresh); n != 1 {
		t.Errorf("%d sessions are fresh, want this one", n)
	}

	chromium.Visit(t, page, site+"/passkeys")
	chromium.Click(t, page, "li form button") // deletes it
	chromium.Shows(t, page, "li", "You have no passkey yet")
	if err := b.SetCookies(nil); err != nil {
		t.Fatal(err)
	}
	chromium.Visit(t, page, site+"/signin")
	chromium.Click(t, page, "[data-passkey=signin] button")
	chromium.Shows(t, page, ".error", "cannot be used here")
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
	chromium.Visit(t, page, p.Config.AuthURL+"/signin")
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
