package post_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
)

// TestGranted tells of what operators open and close, once each, and never why.
func TestGranted(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	timed, endless, closed := uuid.New(), uuid.New(), uuid.New()
	platformtest.Exec(t, p, `
		INSERT INTO grants (id, user_id, module_key, reason, expires_at, revoked_at, revoke_reason) VALUES
			($2, $1, 'bundle', 'a secret prize', '2096-03-04', NULL, ''),
			($3, $1, 'instrument', 'a secret prize', NULL, NULL, ''),
			($4, $1, 'instrument', 'a secret prize', '2096-03-04', now(), 'a secret doubt')`, ana.ID, timed, endless, closed)
	for range 2 {
		for _, err := range []error{
			j.Given(t.Context(), job.GrantGiven{User: ana.ID, Grant: timed}),
			j.Given(t.Context(), job.GrantGiven{User: ana.ID, Grant: endless}),
			j.Given(t.Context(), job.GrantGiven{User: ana.ID, Grant: closed}),    // it would not be true any more
			j.Given(t.Context(), job.GrantGiven{User: uuid.New(), Grant: timed}), // somebody else's
			j.Closed(t.Context(), job.GrantClosed{User: ana.ID, Grant: closed}),
			j.Closed(t.Context(), job.GrantClosed{User: ana.ID, Grant: uuid.New()}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[string][]string{
		"Opened to you: The Whole Handbook": {"until the end of 3 March 2096 (UTC)", address + "/modules/instrument", address + "/modules/private_commercial", "There is nothing to pay."},
		"Opened to you: Instrument Rating":  {"It stays open without end.", address + "/modules/instrument"},
		"Closed: Instrument Rating":         {"which we had opened to you until the end of 3 March 2096", "Its lessons stay open to you", address + "/access"},
	}
	all := b.All()
	if len(all) != len(want) {
		t.Fatalf("%d mails, want %d", len(all), len(want))
	}
	for _, m := range all {
		for _, text := range []string{m.Text, m.HTML} {
			text = strings.Join(strings.Fields(text), " ")
			for _, w := range want[m.Subject] {
				if m.To != "ana@example.com" || !strings.Contains(text, w) {
					t.Errorf("%q to %s does not say %q:\n%s", m.Subject, m.To, w, text)
				}
			}
			if want[m.Subject] == nil || strings.Contains(text, "secret") {
				t.Errorf("%q says %s", m.Subject, text)
			}
		}
	}
	platformtest.Exec(t, p, `UPDATE grants SET revoked_at = now()`)
	if err := j.Closed(t.Context(), job.GrantClosed{User: ana.ID, Grant: timed}); err != nil {
		t.Fatal(err)
	}
	if all = b.All(); len(all) != 4 || !strings.Contains(all[3].HTML, "What nothing else opens to you is closed with it.") {
		t.Errorf("closed for good: %+v", all[len(all)-1])
	}
}

// TestGiftClosed tells a reader whose gift went back, unless they read on by
// something else, or had bought it themselves.
func TestGiftClosed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, also string
		mails      int
	}{
		{"closed", ``, 1},
		{"open again", `UPDATE grants SET revoked_at = NULL`, 0},
		{"bought since", `INSERT INTO grants (id, user_id, module_key) SELECT gen_random_uuid(), id, 'bundle' FROM users`, 0},
		{"their own", `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status) SELECT gen_random_uuid(), id, 'pi_1', 'instrument', 9900, 'refunded' FROM users`, 0},
		{"deleted", `DELETE FROM users`, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, b := open(t), box(t)
			platformtest.Sell(t, p)
			ana := platformtest.Learner(t, p, "ana@example.com")
			platformtest.Exec(t, p, `INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at, redeemed_at, voided_at) VALUES ($1, 'pi_1', 'instrument', 'ABCDEFGH', now(), now(), now())`, ana.ID)
			platformtest.Exec(t, p, `INSERT INTO grants (id, user_id, module_key, gift_id, revoked_at) VALUES (gen_random_uuid(), $1, 'instrument', $1, now())`, ana.ID)
			if tc.also != "" {
				platformtest.Exec(t, p, tc.also)
			}
			for range 2 {
				if err := jobs(t, p, b.URL()).GiftClosed(t.Context(), job.GiftClosed{Payment: "pi_1"}); err != nil {
					t.Fatal(err)
				}
			}
			all := b.All()
			if len(all) != tc.mails {
				t.Fatalf("%d mails, want %d", len(all), tc.mails)
			}
			for _, m := range all {
				if m.To != ana.Email || !strings.Contains(m.HTML, "opened with the code of a gift") || !strings.Contains(m.Text, "the gift was taken back") {
					t.Errorf("%s to %s", m.Text, m.To)
				}
			}
		})
	}
}
