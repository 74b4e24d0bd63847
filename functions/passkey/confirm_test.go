package passkey_test

import (
	"testing"

	"pilothandbook/functions/passkey"
	"pilothandbook/platform/platformtest"
)

const (
	stale = `UPDATE sessions SET verified_at = now() - interval '1 hour'`
	renew = `UPDATE sessions SET verified_at = now()`
)

// fresh counts the sessions that are.
const fresh = `SELECT count(*) FROM sessions WHERE verified_at > now() - interval '1 minute'`

func TestConfirm(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Learner(t, p, "ana@example.com") // on another device
	b := newBrowser(t, p, ana)
	b.refused(b.send("POST", "/api/passkeys/confirm/options", nil), 409, "no passkey")
	b.make()
	key := b.make() // the second of two
	sql(t, p, stale)
	secret := b.cookies["session"]
	o := b.options("/api/passkeys/confirm/options")
	if len(o.AllowCredentials) != 2 || o.UserVerification != "required" {
		t.Errorf("options %+v", o)
	}
	answer := key.signed(t, o.Challenge)
	if a := b.send("POST", "/api/passkeys/confirm", answer); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if n := number(t, p, fresh+` AND user_id = $1`, ana.ID); n != 1 || b.cookies["session"] != secret {
		t.Errorf("%d sessions are fresh, want the one that asked", n)
	}
	if n := number(t, p, `SELECT count(*) FROM passkeys WHERE last_used_at IS NOT NULL`); n != 1 {
		t.Errorf("%d passkeys were used", n)
	}
	b.refused(b.send("POST", "/api/passkeys/confirm", answer), 409, "answered already")
}

func TestConfirmRefused(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	key, others := newBrowser(t, p, ana).make(), newBrowser(t, p, bob).make()
	sql(t, p, stale)
	const here = "/api/passkeys/confirm/options"
	for _, tc := range []struct {
		name string
		lie  func(b *browser, key *authenticator) (challenge string)
		want int
	}{
		{"somebody else's passkey", func(b *browser, k *authenticator) string { *k = *others; return b.options(here).Challenge }, 403},
		{"locked", func(b *browser, k *authenticator) string { k.flags = present; return b.options(here).Challenge }, 403},
		{"another site", func(b *browser, k *authenticator) string {
			k.origin = "https://evil.example"
			return b.options(here).Challenge
		}, 403},
		{"a challenge for signing in", func(b *browser, _ *authenticator) string { return b.options("/api/passkeys/signin/options").Challenge }, 409},
		{"a challenge for making one", func(b *browser, _ *authenticator) string {
			sql(t, p, renew)
			defer sql(t, p, stale)
			return b.options("/api/passkeys/options").Challenge
		}, 409},
		{"somebody else's challenge", func(b *browser, _ *authenticator) string {
			c := b.options(here).Challenge
			b.cookies["session"] = bob.Secret
			return c
		}, 409},
		{"signed out", func(b *browser, _ *authenticator) string {
			c := b.options(here).Challenge
			delete(b.cookies, "session")
			return c
		}, 401},
	} {
		b, own := newBrowser(t, p, ana), *key
		own.count = 0
		challenge := tc.lie(b, &own)
		if a := b.send("POST", "/api/passkeys/confirm", own.signed(t, challenge)); a.Status != tc.want {
			t.Errorf("%s: %d %s, want %d", tc.name, a.Status, a.Body, tc.want)
		}
	}
	// Nor does a challenge for confirming sign in, or make a passkey.
	b := newBrowser(t, p, ana)
	b.refused(b.send("POST", "/api/passkeys/signin", key.signed(t, b.options(here).Challenge)), 409, "again")
	if n := number(t, p, fresh); n != 0 {
		t.Errorf("%d sessions are fresh", n)
	}
	sql(t, p, renew)
	b.refused(b.send("POST", "/api/passkeys", newAuthenticator(t).made(t, b.options(here).Challenge)), 409, "again")
}

// Whoever finds a browser open has the passkey too, but not what unlocks it:
// signing in without that is no way around confirming.
func TestLockedIsNotFresh(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	key := newBrowser(t, p, platformtest.Learner(t, p, "ana@example.com")).make() // which was unlocked
	sql(t, p, stale)
	b := newBrowser(t, p, nil)
	for _, tc := range []struct {
		name  string
		flags byte
		want  int
	}{{"locked", present, 401}, {"unlocked", present | verified, 200}} {
		key.flags = tc.flags
		if a := b.signIn(key); a.Status != 204 {
			t.Fatalf("%s: %d %s", tc.name, a.Status, a.Body)
		}
		if a := b.send("POST", "/api/passkeys/options", nil); a.Status != tc.want {
			t.Errorf("%s: what needs a fresh sign-in answers %d %s, want %d", tc.name, a.Status, a.Body, tc.want)
		}
	}
}

// Whoever gets a passkey is told so.
func TestTold(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	newBrowser(t, p, ana).make()
	if n := number(t, p, `SELECT count(*) FROM outbox o JOIN passkeys k ON o.payload->>'passkey' = k.id::text WHERE o.kind = 'passkey-added' AND o.payload->>'user' = $1::uuid::text`, ana.ID); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

// Whoever finds a browser open makes no passkey in it, which would be theirs
// to confirm with.
func TestStaleMakesNone(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	b, key := newBrowser(t, p, ana), newAuthenticator(t)
	challenge := b.options("/api/passkeys/options").Challenge
	sql(t, p, stale)
	b.refused(b.send("POST", "/api/passkeys/options", nil), 401, "sign in again")
	b.refused(b.send("POST", "/api/passkeys", key.made(t, challenge)), 401, "sign in again")
	if n := number(t, p, `SELECT count(*) FROM passkeys`); n != 0 {
		t.Errorf("%d passkeys were made", n)
	}
	_, doc := platformtest.Page(t, p, passkey.Routes(p), ana, "/passkeys")
	if doc.Find("[data-passkey=add]").Length() != 0 || doc.Find("a[href='/account/confirm?next=%2Fpasskeys']").Length() != 1 {
		t.Error("the page offers to make one, or does not lead to a fresh sign-in")
	}
}
