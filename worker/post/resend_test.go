package post_test

import (
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/post"
)

// again has the mail with this subject sent again, and returns the act.
func again(t *testing.T, p *platform.Platform, j post.Jobs, user uuid.UUID, subject string) job.ResendMail {
	t.Helper()
	a := job.ResendMail{User: user, Resend: uuid.New()}
	platformtest.Exec(t, p, `
		INSERT INTO resends (id, user_id, mail_id, reason)
		SELECT $1, $2, id, 'it was lost' FROM mails WHERE subject = $3 AND cause NOT LIKE 'resend:%'`, a.Resend, user, subject)
	for range 2 { // a worker may die before it notes that it is done
		if err := j.Resend(t.Context(), a); err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
	}
	return a
}

// TestResend sends each mail that may be sent again, once per act, to the
// address of the moment, as a mail of its own.
func TestResend(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Shelf(t, p)
	ana := subscribe(t, p, "ana@example.com", "private_commercial")
	bought := buy(t, p, ana.ID, "instrument", "completed")
	payment := platformtest.Text(t, p, `SELECT stripe_payment_id FROM purchases WHERE id = $1`, bought.Purchase)
	platformtest.Exec(t, p, `INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason) SELECT gen_random_uuid(), stripe_payment_id, user_id, module_type, 7900, 'usd', 'requested' FROM purchases`)
	given, closed, gift, key := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	platformtest.Exec(t, p, `INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at) VALUES ($1, 'pi_gift', 'instrument', 'ABCDEFGH', now())`, gift)
	platformtest.Exec(t, p, `
		INSERT INTO grants (id, user_id, module_key, reason, gift_id, revoked_at) VALUES
			($2, $1, 'private_commercial', 'a prize', NULL, NULL), ($3, $1, 'bundle', 'a prize', NULL, now()), (gen_random_uuid(), $1, 'instrument', '', $4, now())`, ana.ID, given, closed, gift)
	platformtest.Exec(t, p, `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name) VALUES ($2, $1, 'c', 'k', 0, 0, 'Phone')`, ana.ID, key)
	version := uuid.MustParse(platformtest.Text(t, p, `SELECT id::text FROM content_versions WHERE module_id = 'private_commercial'`))
	for _, err := range []error{
		j.Welcome(t.Context(), job.WelcomeEmail{User: ana.ID}),
		j.Confirmation(t.Context(), bought),
		j.RefundNotice(t.Context(), job.RefundNotice{Payment: payment}),
		j.Given(t.Context(), job.GrantGiven{User: ana.ID, Grant: given}),
		j.Closed(t.Context(), job.GrantClosed{User: ana.ID, Grant: closed}),
		j.GiftClosed(t.Context(), job.GiftClosed{Payment: "pi_gift"}),
		j.PasskeyAdded(t.Context(), job.PasskeyAdded{User: ana.ID, Passkey: key}),
		j.Update(t.Context(), job.ContentUpdateMail{User: ana.ID, Version: version}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	first := b.All()
	if len(first) != 8 {
		t.Fatalf("%d mails of 8", len(first))
	}
	platformtest.Exec(t, p, `UPDATE users SET email = 'ana@elsewhere.example' WHERE id = $1`, ana.ID)
	for i, m := range first {
		again(t, p, j, ana.ID, m.Subject)
		all := b.All()
		if len(all) != len(first)+i+1 {
			t.Fatalf("%q: %d mails", m.Subject, len(all))
		}
		if got := all[len(all)-1]; got.Subject != m.Subject || got.To != "ana@elsewhere.example" || got.ID == m.ID {
			t.Errorf("%q to %s came again as %q to %s", m.Subject, m.To, got.Subject, got.To)
		}
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM mails m JOIN resends r ON m.cause = 'resend:' || r.id WHERE m.state = 'sent' AND r.due`); n != "8" {
		t.Errorf("%s of 8 acts have a mail that was sent", n)
	}
}

// TestResendInVain has nothing to tell any more, and nobody to tell.
func TestResendInVain(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	bought := buy(t, p, ana.ID, "instrument", "completed")
	if err := j.Confirmation(t.Context(), bought); err != nil {
		t.Fatal(err)
	}
	subject := b.All()[0].Subject
	platformtest.Exec(t, p, `UPDATE purchases SET status = 'refunded'`)
	a := again(t, p, j, ana.ID, subject)
	if due := platformtest.Text(t, p, `SELECT due::text FROM resends WHERE id = $1`, a.Resend); due != "false" || len(b.All()) != 1 {
		t.Errorf("due is %s, %d mails", due, len(b.All()))
	}
	platformtest.Exec(t, p, `UPDATE mails SET kind = 'sign-in-code'`)
	if err := j.Resend(t.Context(), a); err == nil || len(b.All()) != 1 {
		t.Errorf("a code is sent again: %v", err)
	}
	platformtest.Exec(t, p, `DELETE FROM users WHERE id = $1`, ana.ID)
	if err := j.Resend(t.Context(), a); err != nil || len(b.All()) != 1 {
		t.Errorf("after the account was deleted: %v, %d mails", err, len(b.All()))
	}
}
