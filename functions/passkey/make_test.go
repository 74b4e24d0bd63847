package passkey_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/passkey"
	"pilothandbook/platform/platformtest"
)

func TestMake(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	b := newBrowser(t, p, ana)
	o := b.options("/api/passkeys/options")
	if o.RP.ID != "localhost" || o.Attestation != "none" && o.Attestation != "" || o.Timeout != 300_000 ||
		o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "preferred" {
		t.Errorf("options %+v", o)
	}
	if o.User.Name != "ana@example.com" || strings.Contains(o.User.ID, ana.ID.String()) || len(o.User.ID) != 86 {
		t.Errorf("user %+v, want 64 random bytes", o.User)
	}
	if again := b.options("/api/passkeys/options"); again.User.ID != o.User.ID || again.Challenge == o.Challenge {
		t.Error("the handle changes, or the challenge does not")
	}
	key := b.make()
	if o := b.options("/api/passkeys/options"); len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != b64(key.id) {
		t.Errorf("a second passkey excludes %v", o.ExcludeCredentials)
	}
	var list []struct{ ID, Name string }
	b.send("GET", "/api/passkeys", nil).Into(t, &list)
	if len(list) != 1 || list[0].Name != "Chrome on Linux" {
		t.Errorf("list %+v", list)
	}
}

func TestMakeRefused(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	for _, tc := range []struct {
		name   string
		lie    func(b *browser, key *authenticator, challenge *string)
		status int
		words  string
	}{
		{"wrong origin", func(_ *browser, k *authenticator, _ *string) { k.origin = "https://evil.example" }, 403, "cannot be used here"},
		{"another port", func(_ *browser, k *authenticator, _ *string) { k.origin = "http://localhost:3001" }, 403, "cannot be used here"},
		{"another site's passkey", func(_ *browser, k *authenticator, _ *string) { k.site = "evil.example" }, 403, "cannot be used here"},
		{"nobody there", func(_ *browser, k *authenticator, _ *string) { k.flags = 0 }, 403, "cannot be used here"},
		{"a challenge of its own", func(_ *browser, _ *authenticator, c *string) { *c = b64(make([]byte, 32)) }, 409, "five minutes"},
		{"another browser", func(b *browser, _ *authenticator, _ *string) { delete(b.cookies, "passkey") }, 409, "five minutes"},
		{"somebody else's account", func(b *browser, _ *authenticator, _ *string) { b.cookies["session"] = bob.Secret }, 409, "five minutes"},
		{"signed out", func(b *browser, _ *authenticator, _ *string) { delete(b.cookies, "session") }, 401, "sign in"},
		{"too late", func(b *browser, _ *authenticator, _ *string) {
			sql(b.t, p, `UPDATE passkey_challenges SET expires_at = now()`)
		}, 409, "five minutes"},
		{"a challenge for signing in", func(b *browser, _ *authenticator, c *string) {
			*c = b.options("/api/passkeys/signin/options").Challenge
		}, 409, "five minutes"},
	} {
		b, key := newBrowser(t, p, ana), newAuthenticator(t)
		challenge := b.options("/api/passkeys/options").Challenge
		tc.lie(b, key, &challenge)
		a := b.send("POST", "/api/passkeys", key.made(t, challenge))
		if a.Status != tc.status || !strings.Contains(a.Body, tc.words) {
			t.Errorf("%s: %d %s, want %d and %q", tc.name, a.Status, a.Body, tc.status, tc.words)
		}
	}
	b := newBrowser(t, p, ana)
	for _, body := range []any{"", "{}", "[]", map[string]any{"id": "x"}, strings.Repeat("x", 100_000)} {
		if a := b.send("POST", "/api/passkeys", body); a.Status != 400 && a.Status != 413 {
			t.Errorf("body %.20v: %d %s", body, a.Status, a.Body)
		}
	}
	if n := number(t, p, `SELECT count(*) FROM passkeys`); n != 0 {
		t.Errorf("%d passkeys were kept", n)
	}
}

func TestSamePasskeyTwice(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	key := newBrowser(t, p, ana).make()
	b := newBrowser(t, p, bob)
	b.refused(b.send("POST", "/api/passkeys", key.made(t, b.options("/api/passkeys/options").Challenge)), 409, "known already")
	if n := number(t, p, `SELECT count(*) FROM passkeys WHERE user_id = $1`, ana.ID); n != 1 {
		t.Errorf("its owner has %d", n)
	}
}

func TestTooManyPasskeys(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	sql(t, p, `
		INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name)
		SELECT gen_random_uuid(), $1, int4send(n), '', 0, 0, 'old' FROM generate_series(1, 20) n`, ana.ID)
	b, key := newBrowser(t, p, ana), newAuthenticator(t)
	b.refused(b.send("POST", "/api/passkeys", key.made(t, b.options("/api/passkeys/options").Challenge)), 409, "Delete one")
}

func TestPage(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	_, doc := platformtest.Page(t, p, passkey.Routes(p), ana, "/passkeys")
	if !strings.Contains(doc.Find("main").Text(), "You have no passkey yet.") || doc.Find("[data-passkey=add][hidden] button").Length() != 1 {
		t.Error("the empty page does not offer to make one")
	}
	newBrowser(t, p, ana).make()
	_, doc = platformtest.Page(t, p, passkey.Routes(p), ana, "/passkeys")
	action := doc.Find("li form").AttrOr("action", "")
	if !strings.HasPrefix(action, "/passkeys/") || !strings.Contains(doc.Find("li").Text(), "Not used yet") {
		t.Fatalf("the page shows %q with %q", doc.Find("li").Text(), action)
	}
	for _, tc := range []struct {
		who    *platformtest.User
		path   string
		status int
	}{
		{nil, action, 401}, {bob, action, 404}, {ana, "/passkeys/x", 404}, {ana, action, http.StatusSeeOther}, {ana, action, 404},
	} {
		a := platformtest.Send(t, p, passkey.Routes(p), platformtest.Form(t, tc.who, tc.path, ""))
		if a.Status != tc.status {
			t.Errorf("delete %s: %d, want %d", tc.path, a.Status, tc.status)
		}
	}
}

// An address without a name has no passkeys, and says so.
func TestNoSite(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.AuthURL = "http://127.0.0.1:3000"
	p := platformtest.Open(t, cfg)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, path := range []string{"/api/passkeys/options", "/api/passkeys", "/api/passkeys/signin/options", "/api/passkeys/signin"} {
		if a := newBrowser(t, p, ana).send("POST", path, "{}"); a.Status != 404 || !strings.Contains(a.Body, "Use a code") {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if _, doc := platformtest.Page(t, p, passkey.Routes(p), ana, "/passkeys"); doc.Find("[data-passkey]").Length() != 0 {
		t.Error("the page offers one")
	}
}

// Challenges that are over do not pile up.
func TestOldChallengesGo(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	b := newBrowser(t, p, nil)
	for i := range 10 {
		sql(t, p, `INSERT INTO passkey_challenges VALUES ($1, '', NULL, '{}', now() - interval '1 second')`, []byte(fmt.Sprint(i)))
	}
	b.options("/api/passkeys/signin/options")
	if n := number(t, p, `SELECT count(*) FROM passkey_challenges`); n != 1 {
		t.Errorf("%d challenges, want the new one", n)
	}
}

// A passkey is deleted after a fresh sign-in only; that, and its making, are
// recorded.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	newBrowser(t, p, ana).make()
	path := "/passkeys/" + platformtest.Text(t, p, `SELECT id::text FROM passkeys`)
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '16 minutes'`)
	if a := platformtest.Send(t, p, passkey.Routes(p), platformtest.Form(t, ana, path, "")); !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
		t.Errorf("signed in a while ago: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if _, doc := platformtest.Page(t, p, passkey.Routes(p), ana, "/passkeys"); doc.Find("li form").Length() != 0 || !strings.Contains(doc.Find("main").Text(), "To add or delete a passkey, show first that it is you.") {
		t.Errorf("a stale session is offered what it may not do: %s", doc.Find("main").Text())
	}
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now()`)
	if a := platformtest.Send(t, p, passkey.Routes(p), platformtest.Form(t, ana, path, "")); a.Header.Get("Location") != "/passkeys" {
		t.Errorf("signed in just now: %d to %q", a.Status, a.Header.Get("Location"))
	}
	got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', action, (detail ->> 'passkey' = $2)::text, detail - 'passkey'), ', ' ORDER BY id) FROM audit_log WHERE actor = $1 AND subject = 'user:' || $1::text`, ana.ID, strings.TrimPrefix(path, "/passkeys/"))
	if got != "passkey added true {}, passkey deleted true {}" {
		t.Errorf("record: %s", got)
	}
}
