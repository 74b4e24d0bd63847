package account_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

// asked has a code to sign in with mailed, by a browser.
func asked(t *testing.T, p *platform.Platform, email, browser string) error {
	t.Helper()
	return db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		_, err := account.Ask(t.Context(), tx, email, browser, "/")
		return err
	})
}

// Whatever way strangers find to have mails sent to an address, there are five
// within an hour, and whoever is at home there gets theirs besides.
func TestMailsOfStrangers(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	const victim = "vic@example.com"
	vic := platformtest.Learner(t, p, victim)
	platformtest.Exec(t, p, `INSERT INTO known_browsers (user_id, browser) VALUES ($1, sha256('at home'))`, vic.ID)
	mail := []func(n int) error{
		func(n int) error { return asked(t, p, victim, fmt.Sprint("stranger ", n)) },
		func(n int) error { // who then deletes the account, and what it asked for
			eve := platformtest.Learner(t, p, fmt.Sprintf("eve%d@example.com", n))
			if _, _, err := askChange(t, p, eve.ID, victim); err != nil {
				return err
			}
			return db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return account.ForgetChanges(t.Context(), tx, eve.ID) })
		},
		func(n int) error {
			_, _, err := askChange(t, p, platformtest.Learner(t, p, fmt.Sprintf("mallory%d@example.com", n)).ID, victim)
			return err
		},
	}
	sent := 0
	for n := range 12 {
		switch err := mail[n%len(mail)](n); {
		case err == nil:
			sent++
		case !fault.Is(err, fault.TooMany):
			t.Fatal(err)
		}
	}
	if sent != 5 {
		t.Errorf("%d mails, want 5", sent)
	}
	if err := asked(t, p, victim, "at home"); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := asked(t, p, "somebody.else@example.com", "stranger"); err != nil {
		t.Errorf("another address: %v", err)
	}
	if kept := platformtest.Text(t, p, `SELECT count(*)::text FROM sign_in_requests WHERE email NOT IN ($1, 'somebody.else@example.com') AND position('@' IN email) > 0`, victim); kept != "0" {
		t.Errorf("%s addresses of deleted changes are kept as they are", kept)
	}
	platformtest.Exec(t, p, `UPDATE sign_in_requests SET created_at = created_at - interval '1 hour'`)
	platformtest.Exec(t, p, `UPDATE email_changes SET created_at = created_at - interval '1 hour'`)
	for n := range mail {
		if err := mail[n](100 + n); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	}
}
