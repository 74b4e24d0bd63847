package passkey_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/passkey"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// browser keeps cookies, as a browser does.
type browser struct {
	t       *testing.T
	p       *platform.Platform
	cookies map[string]string
}

func newBrowser(t *testing.T, p *platform.Platform, who *platformtest.User) *browser {
	b := &browser{t, p, map[string]string{}}
	if who != nil {
		b.cookies[account.SessionCookie] = who.Secret
	}
	return b
}

func (b *browser) send(method, path string, body any) platformtest.Answer {
	b.t.Helper()
	r := platformtest.Request(b.t, nil, method, path, body)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a := platformtest.Send(b.t, b.p, passkey.Routes(b.p), r)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return a
}

// options is what a browser is told, of either kind.
type options struct {
	Challenge string
	RPID      string
	RP        struct{ ID, Name string }
	User      struct{ ID, Name, DisplayName string }

	AllowCredentials   []any
	ExcludeCredentials []struct{ ID string }

	Timeout                int
	UserVerification       string
	Attestation            string
	AuthenticatorSelection struct{ ResidentKey, UserVerification string }
}

func (b *browser) options(path string) (o options) {
	b.t.Helper()
	a := b.send("POST", path, nil)
	if a.Status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	a.Into(b.t, &o)
	return o
}

// make registers a new passkey.
func (b *browser) make() *authenticator {
	b.t.Helper()
	key := newAuthenticator(b.t)
	o := b.options("/api/passkeys/options")
	key.handle, _ = base64.RawURLEncoding.DecodeString(o.User.ID)
	if a := b.send("POST", "/api/passkeys", key.made(b.t, o.Challenge)); a.Status != http.StatusCreated {
		b.t.Fatalf("make: %d %s", a.Status, a.Body)
	}
	return key
}

// signIn signs in with a passkey.
func (b *browser) signIn(key *authenticator) platformtest.Answer {
	b.t.Helper()
	key.count++
	return b.send("POST", "/api/passkeys/signin", key.signed(b.t, b.options("/api/passkeys/signin/options").Challenge))
}

func (b *browser) refused(a platformtest.Answer, status int, words string) {
	b.t.Helper()
	if a.Status != status || !strings.Contains(a.Body, words) {
		b.t.Errorf("got %d %s, want %d and %q", a.Status, a.Body, status, words)
	}
}

func sql(t *testing.T, p *platform.Platform, statement string, args ...any) {
	t.Helper()
	if _, err := p.DB.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, p *platform.Platform, sql string, args ...any) (n int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
