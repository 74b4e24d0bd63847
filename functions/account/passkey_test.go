package account_test

import (
	"net/http"
	"testing"

	"pilothandbook/functions/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// A passkey is offered to whoever has none, until they decline it.
func TestOffer(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	offered := func(p *platform.Platform, who *platformtest.User) bool {
		_, doc := platformtest.Page(t, p, account.Routes(p), who, "/account")
		card := doc.Find("[data-passkey=add][hidden]")
		return card.Find("button[type=button]").Length() == 1 && card.Find("form[action='/account/passkey']").Length() == 1
	}
	if !offered(p, ana) || !offered(p, bob) {
		t.Fatal("it is not offered")
	}
	for range 2 {
		if a := post(t, p, ana, "/account/passkey", nil); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/account" {
			t.Errorf("declined: %d to %q", a.Status, a.Header.Get("Location"))
		}
	}
	if offered(p, ana) || !offered(p, bob) {
		t.Error("it is offered to who declined, or not to who did not")
	}
	cfg := *p.Config
	cfg.AuthURL = "http://127.0.0.1:3000"
	if offered(platformtest.Open(t, &cfg), bob) {
		t.Error("it is offered where browsers make none")
	}
	platformtest.Exec(t, p, `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name) VALUES (gen_random_uuid(), $1, 'x', '', 0, 0, 'phone')`, bob.ID)
	if offered(p, bob) {
		t.Error("it is offered to who has one")
	}
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	carl := platformtest.Learner(t, p, "carl@example.com")
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '1 hour' WHERE user_id = $1`, carl.ID)
	for who, want := range map[*platformtest.User]int{ana: 0, bob: 0, carl: 1} {
		_, doc := platformtest.Page(t, p, account.Routes(p), who, "/account")
		if got := doc.Find("[data-offer=passkey] a[href='/passkeys']").Length(); got != want || doc.Find("[data-passkey]").Length() != 0 {
			t.Errorf("a stale session of %s is told of passkeys %d times, want %d", who.Email, got, want)
		}
	}
	for who, want := range map[*platformtest.User]int{ana: 0, bob: 1} {
		_, doc := platformtest.Page(t, p, account.Routes(p), who, "/account/confirm?next=/people")
		if got := doc.Find("[data-passkey=confirm][data-next='/people'][hidden] button").Length(); got != want || doc.Find("form[action='/signin']").Length() != 1 {
			t.Errorf("%s confirms by %d passkey buttons, want %d", who.Email, got, want)
		}
	}
}
