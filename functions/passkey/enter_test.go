package passkey_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/functions/passkey"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

func TestEnter(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	key := newBrowser(t, p, ana).make()

	b := newBrowser(t, p, bob) // what this browser had so far ends
	if a := b.signIn(key); a.Status != 204 {
		t.Fatalf("sign in: %d %s", a.Status, a.Body)
	}
	secret := b.cookies[account.SessionCookie]
	if len(b.cookies) != 1 || secret == bob.Secret || secret == "" {
		t.Errorf("cookies %v, want a new session alone", b.cookies)
	}
	if got := platformtest.Call(t, p, passkey.Routes(p), bob, "GET", "/api/passkeys", nil); got.Status != 401 {
		t.Errorf("the former session still opens: %d", got.Status)
	}
	if n := number(t, p, `SELECT count(*) FROM sessions WHERE user_id = $1 AND device = 'Chrome on Linux'`, ana.ID); n != 1 {
		t.Errorf("%d sessions of hers on this device", n)
	}
	if n := number(t, p, `SELECT sign_count FROM passkeys WHERE last_used_at IS NOT NULL`); n != 1 {
		t.Errorf("count %d, want 1", n)
	}
	if n := number(t, p, `SELECT count(*) FROM sessions WHERE encode(session_token, 'escape') = $1`, secret); n != 0 {
		t.Error("the secret itself is stored")
	}
}

// An authenticator that does not count always says zero.
func TestNoCount(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	key := newBrowser(t, p, platformtest.Learner(t, p, "ana@example.com")).make()
	for range 2 {
		b := newBrowser(t, p, nil)
		if a := b.send("POST", "/api/passkeys/signin", key.signed(t, b.options("/api/passkeys/signin/options").Challenge)); a.Status != 204 {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	}
}

func TestEnterRefused(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	hers, his := newBrowser(t, p, ana).make(), newBrowser(t, p, bob).make()
	const used, late = "cannot be used here", "five minutes"
	for _, tc := range []struct {
		name   string
		lie    func(b *browser, key *authenticator, challenge *string)
		status int
		words  string
	}{
		{"wrong origin", func(_ *browser, k *authenticator, _ *string) { k.origin = "https://evil.example" }, 403, used},
		{"plain origin's other port", func(_ *browser, k *authenticator, _ *string) { k.origin = "http://localhost" }, 403, used},
		{"another site's data", func(_ *browser, k *authenticator, _ *string) { k.site = "evil.example" }, 403, used},
		{"nobody there", func(_ *browser, k *authenticator, _ *string) { k.flags = 0 }, 403, used},
		{"another key", func(b *browser, k *authenticator, _ *string) { k.key = newAuthenticator(b.t).key }, 403, used},
		{"unknown passkey", func(b *browser, k *authenticator, _ *string) { k.id = newAuthenticator(b.t).id }, 403, used},
		{"as somebody else", func(_ *browser, k *authenticator, _ *string) { k.handle = his.handle }, 403, used},
		{"as nobody", func(_ *browser, k *authenticator, _ *string) { k.handle = nil }, 403, used},
		{"somebody else's passkey", func(_ *browser, k *authenticator, _ *string) { k.id = his.id }, 403, used},
		{"now said to be copied to a cloud", func(_ *browser, k *authenticator, _ *string) { k.flags |= 1 << 3 }, 403, used},
		{"a count that went back", func(b *browser, k *authenticator, _ *string) {
			k.count = 5
			sql(b.t, p, `UPDATE passkeys SET sign_count = 7 WHERE credential_id = $1`, k.id)
		}, 403, used},
		{"a challenge of its own", func(_ *browser, _ *authenticator, c *string) { *c = b64(make([]byte, 32)) }, 409, late},
		{"another browser's challenge", func(b *browser, _ *authenticator, c *string) {
			*c = newBrowser(b.t, p, nil).options("/api/passkeys/signin/options").Challenge
		}, 409, late},
		{"the cookie is gone", func(b *browser, _ *authenticator, _ *string) { delete(b.cookies, "passkey") }, 409, late},
		{"too late", func(b *browser, _ *authenticator, _ *string) {
			sql(b.t, p, `UPDATE passkey_challenges SET expires_at = now()`)
		}, 409, late},
	} {
		b, key := newBrowser(t, p, nil), *hers
		key.count = 1
		challenge := b.options("/api/passkeys/signin/options").Challenge
		tc.lie(b, &key, &challenge)
		a := b.send("POST", "/api/passkeys/signin", key.signed(t, challenge))
		if a.Status != tc.status || !strings.Contains(a.Body, tc.words) || b.cookies[account.SessionCookie] != "" {
			t.Errorf("%s: %d %s, want %d and %q", tc.name, a.Status, a.Body, tc.status, tc.words)
		}
		sql(t, p, `UPDATE passkeys SET sign_count = 0`)
	}
	if n := number(t, p, `SELECT count(*) FROM sessions`); n != 2 {
		t.Errorf("%d sessions, want the two there were", n)
	}
}

// An answer signs in once, however often and however fast it is sent again.
func TestReplay(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	key := newBrowser(t, p, platformtest.Learner(t, p, "ana@example.com")).make()
	b := newBrowser(t, p, nil)
	answer := key.signed(t, b.options("/api/passkeys/signin/options").Challenge)
	cookies := maps.Clone(b.cookies)
	var mu sync.Mutex
	var group sync.WaitGroup
	statuses := map[int]int{}
	for range 40 {
		group.Go(func() {
			again := &browser{t, p, maps.Clone(cookies)}
			a := again.send("POST", "/api/passkeys/signin", answer)
			mu.Lock()
			statuses[a.Status]++
			mu.Unlock()
		})
	}
	group.Wait()
	if statuses[204] != 1 || statuses[204]+statuses[409]+statuses[503] != 40 {
		t.Errorf("statuses %v, want one 204", statuses)
	}
	if n := number(t, p, `SELECT count(*) FROM sessions WHERE device <> 'Test'`); n != 1 {
		t.Errorf("%d sessions began", n)
	}
}

// A challenge that was answered wrongly cannot be answered again.
func TestWrongAnswerUsesChallengeUp(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	key := newBrowser(t, p, platformtest.Learner(t, p, "ana@example.com")).make()
	b, liar := newBrowser(t, p, nil), *key
	liar.origin = "https://evil.example"
	challenge := b.options("/api/passkeys/signin/options").Challenge
	b.refused(b.send("POST", "/api/passkeys/signin", liar.signed(t, challenge)), 403, "cannot be used")
	b.refused(b.send("POST", "/api/passkeys/signin", key.signed(t, challenge)), 409, "answered already")
}

func TestDeletedPasskey(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	key := newBrowser(t, p, ana).make()
	sql(t, p, `DELETE FROM passkeys`)
	b := newBrowser(t, p, nil)
	b.refused(b.signIn(key), 403, "cannot be used here")
	key = newBrowser(t, p, ana).make()
	sql(t, p, `DELETE FROM users WHERE id = $1`, ana.ID)
	b.refused(b.signIn(key), 403, "cannot be used here")
	if n := number(t, p, `SELECT count(*) FROM passkeys`); n != 0 {
		t.Errorf("%d passkeys stay behind a deleted user", n)
	}
}

// Nobody learns from this whether an address has an account or a passkey:
// there is nothing to ask with, and refusals are all alike.
func TestSaysNothingOfAccounts(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	key := newBrowser(t, p, platformtest.Learner(t, p, "known@example.com")).make()
	const path = "/api/passkeys/signin/options"
	look := func(body any) (string, []string) {
		a := newBrowser(t, p, nil).send("POST", path, body)
		var o options
		a.Into(t, &o)
		if o.AllowCredentials != nil || o.RPID != "localhost" || o.UserVerification != "preferred" {
			t.Errorf("options %+v", o)
		}
		return strings.ReplaceAll(a.Body, o.Challenge, "<challenge>"), slices.Sorted(maps.Keys(a.Header))
	}
	body, header := look(map[string]string{"email": "known@example.com"})
	for _, other := range []any{map[string]string{"email": "nobody@example.com"}, nil} {
		otherBody, otherHeader := look(other)
		if diff := cmp.Diff(body, otherBody) + cmp.Diff(header, otherHeader); diff != "" {
			t.Errorf("answers differ:\n%s", diff)
		}
	}
	unknown, forged := newAuthenticator(t), *key
	unknown.handle, forged.key = bytes.Repeat([]byte{1}, 64), unknown.key
	b := newBrowser(t, p, nil)
	a1, a2 := b.signIn(unknown), b.signIn(&forged)
	if a1.Status != a2.Status || a1.Body != a2.Body {
		t.Errorf("unknown: %d %s; known: %d %s", a1.Status, a1.Body, a2.Status, a2.Body)
	}
}

func TestOtherSitesCannotAsk(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	r := platformtest.Request(t, nil, "POST", "/api/passkeys/signin/options", nil)
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	a := platformtest.Send(t, p, passkey.Routes(p), r)
	if strings.Contains(a.Body, "evil") {
		t.Errorf("a header names the site: %s", a.Body)
	}
	r = platformtest.Request(t, nil, "POST", "/api/passkeys/signin/options", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := platformtest.Send(t, p, passkey.Routes(p), r); a.Status != 403 {
		t.Errorf("another site asks: %d", a.Status)
	}
}
