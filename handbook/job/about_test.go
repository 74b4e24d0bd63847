package job_test

import (
	"testing"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// Whatever names somebody leads back to them, and nobody else's does.
func TestNames(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	for _, who := range []*platformtest.User{ana, ben} {
		for _, sql := range []string{
			`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, stripe_session_id, expires_at)
				SELECT gen_random_uuid(), id, 'instrument', 1, 'usd', false, '{}', 'cs_' || email, now() FROM users WHERE id = $1`,
			`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, gift, expires_at)
				VALUES (gen_random_uuid(), $1, 'instrument', 1, 'usd', false, '{}', true, now())`,
			`INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status)
				SELECT gen_random_uuid(), id, 'pi_' || email, 'instrument', 1, 'completed' FROM users WHERE id = $1`,
			`INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason)
				SELECT gen_random_uuid(), 'pi_old_' || email, id, 'instrument', 1, 'usd', 'requested' FROM users WHERE id = $1`,
			`INSERT INTO mails (id, cause, kind, user_id, address) VALUES (gen_random_uuid(), 'mail:' || $1::uuid, 'welcome-email', $1, '')`,
			`INSERT INTO resends (id, user_id, mail_id, reason) SELECT gen_random_uuid(), user_id, id, 'lost' FROM mails WHERE user_id = $1`,
			`INSERT INTO email_changes (id, user_id, email, expires_at) VALUES (gen_random_uuid(), $1, 'new@example.com', now())`,
			`INSERT INTO reports (id, lesson_id, version, user_id, text) VALUES (gen_random_uuid(), 'holding', '1.0.0', $1, 'wrong')`,
			`INSERT INTO sign_in_requests (id, email, browser, next, expires_at) SELECT gen_random_uuid(), email, 'b', '/', now() FROM users WHERE id = $1`,
		} {
			platformtest.Exec(t, p, sql, who.ID)
		}
	}
	names, err := job.NamesOf(t.Context(), p.DB, ana.ID)
	if err != nil || len(names) != 11+1 { // two checkouts
		t.Fatalf("%d names, %v", len(names), err)
	}
	persons, err := job.Persons(t.Context(), p.DB, append(names, "nobody", ben.ID.String()))
	if err != nil || len(persons) != len(names)+1 || persons[ben.ID.String()] != ben.ID {
		t.Fatalf("%d persons, %v", len(persons), err)
	}
	for _, n := range names {
		if persons[n] != ana.ID {
			t.Errorf("%s leads to %s", n, persons[n])
		}
	}
}
