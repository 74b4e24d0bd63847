package account_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

// After 50 wrong codes in a day none is looked at, right or wrong, but the
// link of the mail still signs in, and so do codes of a known browser.
func TestGuessing(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	known, code := ask(t, p, "ana@example.com")
	if _, _, err := account.Redeem(t.Context(), p.DB, secret, known, code.Digits, "at home", ""); err != nil {
		t.Fatal(err)
	}
	id, code := ask(t, p, "ana@example.com")
	other, otherCode := ask(t, p, "bob@example.com")
	for _, tc := range []struct {
		name    string
		wrong   int
		guessed bool
	}{{"49", 49, false}, {"50", 50, true}, {"50 of yesterday", 50, false}} {
		platformtest.Exec(t, p, `
			INSERT INTO sign_in_requests (id, email, browser, wrong, created_at, expires_at)
			SELECT gen_random_uuid(), 'ana@example.com', sha256('a stranger'), $1, now() - CASE WHEN $2 THEN interval '1 day' ELSE interval '23 hours' END, now()`, tc.wrong, tc.name == "50 of yesterday")
		for _, digits := range []string{code.Digits, wrong(code.Digits)} {
			_, _, err := account.Redeem(t.Context(), p.DB, secret, id, digits, "", "")
			switch {
			case tc.guessed:
				wantText(t, err, fault.TooMany, "Too many wrong codes")
			case digits != code.Digits:
				wantText(t, err, fault.Conflict, "used already")
			case err != nil:
				t.Errorf("%s: %v", tc.name, err)
			}
		}
		if tc.guessed {
			if _, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Link, browser, ""); err != nil {
				t.Errorf("%s: the link: %v", tc.name, err)
			}
			var home account.Code
			err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
				request, err := account.Ask(t.Context(), tx, "ana@example.com", "at home", "/")
				if err != nil {
					return err
				}
				home, err = account.MakeCode(t.Context(), tx, secret, request)
				known = request
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := account.Redeem(t.Context(), p.DB, secret, known, home.Digits, "at home", ""); err != nil {
				t.Errorf("%s: a known browser: %v", tc.name, err)
			}
		}
		platformtest.Exec(t, p, `DELETE FROM sign_in_requests WHERE wrong >= 49`)
		id, code = ask(t, p, "ana@example.com")
	}
	if _, _, err := account.Redeem(t.Context(), p.DB, secret, other, otherCode.Digits, "", ""); err != nil {
		t.Errorf("another address: %v", err)
	}
}

// Of one user the browsers used last are known, and no more than 20.
func TestKnownBrowsers(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for n := range 22 {
		platformtest.Exec(t, p, `DELETE FROM sign_in_requests`)
		id, code := ask(t, p, "ana@example.com")
		if _, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Digits, fmt.Sprintf("browser %d", n), ""); err != nil {
			t.Fatal(err)
		}
	}
	var known, first int
	row(t, p, `SELECT count(*), count(*) FILTER (WHERE browser IN (sha256('browser 0'), sha256('browser 1'))) FROM known_browsers`, &known, &first)
	if known != 20 || first != 0 {
		t.Errorf("%d browsers are known, %d of the two oldest; want 20 and none", known, first)
	}
}
