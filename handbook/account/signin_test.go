package account_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

const (
	secret  = "a secret of the tests, 32 bytes or more"
	browser = "the browser that asked"
)

func ask(t *testing.T, p *platform.Platform, email string) (uuid.UUID, account.Code) {
	t.Helper()
	var id uuid.UUID
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = account.Ask(t.Context(), tx, email, browser, "/orders")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	code, err := account.MakeCode(t.Context(), p.DB, secret, id)
	if err != nil {
		t.Fatal(err)
	}
	return id, code
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestRedeem(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)

	t.Run("code anywhere", func(t *testing.T) {
		id, code := ask(t, p, "ana@example.com")
		session, next, err := account.Redeem(t.Context(), p.DB, secret, id, code.Digits[:3]+" "+code.Digits[3:], "", "phone")
		if err != nil || session == "" || next != "/orders" {
			t.Fatalf("session %q, next %q, err %v", session, next, err)
		}
		_, _, err = account.Redeem(t.Context(), p.DB, secret, id, code.Digits, "", "phone")
		wantText(t, err, fault.Conflict, "used already")
	})
	t.Run("link in the browser that asked alone", func(t *testing.T) {
		id, code := ask(t, p, "bob@example.com")
		_, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Link, "another browser", "")
		wantText(t, err, fault.Invalid, "not right")
		if _, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Link, browser, ""); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("expired", func(t *testing.T) {
		id, code := ask(t, p, "cy@example.com")
		platformtest.Exec(t, p, `UPDATE sign_in_requests SET expires_at = now() WHERE id = $1`, id)
		_, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Digits, "", "")
		wantText(t, err, fault.Conflict, "older than ten minutes")
	})
	t.Run("replaced by a later request", func(t *testing.T) {
		old, oldCode := ask(t, p, "di@example.com")
		id, code := ask(t, p, "di@example.com")
		for _, request := range []uuid.UUID{old, id} {
			_, _, err := account.Redeem(t.Context(), p.DB, secret, request, oldCode.Digits, "", "")
			if code.Digits != oldCode.Digits {
				wantText(t, err, fault.Conflict, "replaced")
			}
		}
	})
	t.Run("replaced by a second mail of the same request", func(t *testing.T) {
		id, first := ask(t, p, "ed@example.com")
		second, err := account.MakeCode(t.Context(), p.DB, secret, id)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = account.Redeem(t.Context(), p.DB, secret, id, first.Link, browser, "")
		wantText(t, err, fault.Invalid, "not right")
		if first.Digits != second.Digits {
			_, _, err = account.Redeem(t.Context(), p.DB, secret, id, first.Digits, "", "")
			wantText(t, err, fault.Conflict, "replaced")
		}
	})
	t.Run("five wrong codes end it", func(t *testing.T) {
		id, code := ask(t, p, "flo@example.com")
		for range 5 {
			_, _, err := account.Redeem(t.Context(), p.DB, secret, id, wrong(code.Digits), "", "")
			wantText(t, err, fault.Invalid, "not right")
		}
		_, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Digits, "", "")
		wantText(t, err, fault.TooMany, "Five wrong codes")
	})
	t.Run("unknown", func(t *testing.T) {
		_, _, err := account.Redeem(t.Context(), p.DB, secret, uuid.New(), "123456", "", "")
		wantText(t, err, fault.NotFound, "no such sign-in")
	})
}

func TestRedeemOnce(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	id, code := ask(t, p, "ana@example.com")
	var all sync.WaitGroup
	results := make(chan error, 30)
	for range cap(results) {
		all.Go(func() {
			for {
				_, _, err := account.Redeem(t.Context(), p.DB, secret, id, code.Digits, "", "")
				if db.Gone(err) { // more callers than connections
					time.Sleep(time.Millisecond)
					continue
				}
				results <- err
				return
			}
		})
	}
	all.Wait()
	close(results)
	var won int
	for err := range results {
		if err == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d sign-ins with one code, want 1", won)
	}
	var sessions, welcomes int
	row(t, p, `SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM outbox WHERE kind = 'welcome-email')`, &sessions, &welcomes)
	if sessions != 1 || welcomes != 1 {
		t.Errorf("%d sessions and %d welcomes, want 1 of each", sessions, welcomes)
	}
}

func TestAskLimit(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for range 5 {
		ask(t, p, "ana@example.com")
	}
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		_, err := account.Ask(t.Context(), tx, "ana@example.com", browser, "/")
		return err
	})
	wantText(t, err, fault.TooMany, "Five codes were sent")
}

func TestAskLimitAtOnce(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for {
				err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
					_, err := account.Ask(t.Context(), tx, "ana@example.com", browser, "/")
					return err
				})
				if !db.Gone(err) { // more callers than connections
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	all.Wait()
	var asked int
	row(t, p, `SELECT count(*) FROM sign_in_requests`, &asked)
	if asked != 5 {
		t.Errorf("%d codes to one address at once, want 5", asked)
	}
}

func TestNothingStoredSignsIn(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	u := platformtest.Learner(t, p, "ana@example.com")
	id, code := ask(t, p, "bob@example.com")
	var dump string
	row(t, p, `SELECT (SELECT string_agg(s::text, ' ') FROM sessions s) || (SELECT string_agg(r::text, ' ') FROM sign_in_requests r WHERE id = $1)`, &dump, id)
	for _, s := range []string{u.Secret, code.Link} {
		if contains(dump, s) {
			t.Errorf("a dump of the database holds the secret %q", s)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Ana@Example.COM ":  "ana@example.com",
		"ana":                "",
		"ana@localhost":      "",
		"Ana <ana@x.com>":    "",
		"":                   "",
		"a@b.c\r\nBcc: d@e.": "",
	} {
		got, err := account.Email(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Email(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
