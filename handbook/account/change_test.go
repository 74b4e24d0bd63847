package account_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

func askChange(t *testing.T, p *platform.Platform, user uuid.UUID, email string) (id uuid.UUID, digits string, err error) {
	t.Helper()
	err = db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = account.AskChange(t.Context(), tx, user, email)
		return err
	})
	if err != nil {
		return id, "", err
	}
	digits, err = account.MakeChangeCode(t.Context(), p.DB, "secret", id)
	return id, digits, err
}

func confirmChange(t *testing.T, p *platform.Platform, user, id uuid.UUID, digits string) (ended int, refused, err error) {
	t.Helper()
	err = db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		var hashes [][]byte
		var err error
		hashes, refused, err = account.ConfirmChange(t.Context(), tx, "secret", user, id, digits)
		ended = len(hashes)
		return err
	})
	return ended, refused, err
}

func TestChange(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	platformtest.Learner(t, p, "ana@example.com")
	id, digits, err := askChange(t, p, ana.ID, "new@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := confirmChange(t, p, bob.ID, id, digits); !fault.Is(err, fault.NotFound) {
		t.Errorf("by somebody else: %v", err)
	}
	if _, refused, err := confirmChange(t, p, ana.ID, id, "x"); err != nil || fault.Of(refused).Field != "code" {
		t.Errorf("a wrong code: %v, %v", refused, err)
	}
	ended, refused, err := confirmChange(t, p, ana.ID, id, digits)
	if err != nil || refused != nil || ended != 2 {
		t.Errorf("%d sessions ended, %v, %v; want 2", ended, refused, err)
	}
	if _, refused, _ := confirmChange(t, p, ana.ID, id, digits); !fault.Is(refused, fault.Conflict) {
		t.Errorf("twice: %v", refused)
	}
	email, _, err := account.Address(t.Context(), p.DB, ana.ID)
	c, err2 := account.FindChange(t.Context(), p.DB, id, false)
	if err != nil || err2 != nil || email != "new@example.com" || c.Former != "ana@example.com" {
		t.Errorf("address %q, change %+v, %v, %v", email, c, err, err2)
	}
}

func TestChangeToSomebodyElses(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Learner(t, p, "bob@example.com")
	id, digits, err := askChange(t, p, ana.ID, "bob@example.com")
	if err != nil {
		t.Fatalf("asking tells whose it is: %v", err)
	}
	if _, _, err := confirmChange(t, p, ana.ID, id, digits); fault.Of(err).Field != "code" || !strings.Contains(err.Error(), "account of its own") {
		t.Errorf("got %v", err)
	}
	if email, _, _ := account.Address(t.Context(), p.DB, ana.ID); email != "ana@example.com" {
		t.Errorf("address %q", email)
	}
}

// Whatever way strangers find to guess a code of an address, 50 wrong ones are
// looked at within a day, also where they delete the accounts they guess from.
func TestGuessingChange(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	const address = "vic@example.com"
	gone, eve := platformtest.Learner(t, p, "gone@example.com"), platformtest.Learner(t, p, "eve@example.com")
	guesses := func(of *platformtest.User, wrong int) {
		platformtest.Exec(t, p, `
			INSERT INTO email_changes (id, user_id, email, wrong, created_at, expires_at)
			VALUES (gen_random_uuid(), $1, $2, $3, now() - interval '23 hours', now())`, of.ID, address, wrong)
	}
	platformtest.Exec(t, p, `
		INSERT INTO sign_in_requests (id, email, browser, wrong, created_at, expires_at)
		VALUES (gen_random_uuid(), $1, sha256('a stranger'), 10, now() - interval '23 hours', now())`, address)
	guesses(gone, 20)
	if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return account.ForgetChanges(t.Context(), tx, gone.ID) }); err != nil {
		t.Fatal(err)
	}
	guesses(eve, 19)
	id, digits, err := askChange(t, p, eve.ID, address)
	if err != nil {
		t.Fatal(err)
	}
	request, code := ask(t, p, address)
	_, refused, err := confirmChange(t, p, eve.ID, id, "the 50th")
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, refused, fault.Invalid, "not right")
	_, refused, err = confirmChange(t, p, eve.ID, id, digits)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, refused, fault.TooMany, "tomorrow")
	_, _, err = account.Redeem(t.Context(), p.DB, secret, request, code.Digits, "", "")
	wantText(t, err, fault.TooMany, "Too many wrong codes")

	platformtest.Exec(t, p, `UPDATE sign_in_requests SET created_at = created_at - interval '1 hour'`)
	platformtest.Exec(t, p, `UPDATE email_changes SET created_at = created_at - interval '1 hour'`)
	if _, refused, err := confirmChange(t, p, eve.ID, id, digits); refused != nil || err != nil {
		t.Errorf("a day later: %v, %v", refused, err)
	}
}

func TestChangeLimits(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	var id uuid.UUID
	var digits string
	for range 5 {
		var err error
		if id, digits, err = askChange(t, p, ana.ID, "new@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := askChange(t, p, ana.ID, "other@example.com"); !fault.Is(err, fault.TooMany) {
		t.Errorf("a sixth mail for a user: %v", err)
	}
	if _, _, err := askChange(t, p, bob.ID, "new@example.com"); !fault.Is(err, fault.TooMany) {
		t.Errorf("a sixth mail to an address: %v", err)
	}
	for range 5 {
		if _, _, err := confirmChange(t, p, ana.ID, id, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, refused, _ := confirmChange(t, p, ana.ID, id, digits); !fault.Is(refused, fault.TooMany) {
		t.Errorf("after five wrong codes: %v", refused)
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE email_changes SET expires_at = now(), wrong = 0`); err != nil {
		t.Fatal(err)
	}
	if _, refused, _ := confirmChange(t, p, ana.ID, id, digits); !fault.Is(refused, fault.Conflict) {
		t.Errorf("too late: %v", refused)
	}
}
