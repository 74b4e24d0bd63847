package upkeep_test

import (
	"strings"
	"testing"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/upkeep"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func keep(t *testing.T, p *platform.Platform) {
	t.Helper()
	if err := (upkeep.Jobs{DB: p.DB}).Upkeep(t.Context(), job.Upkeep{}); err != nil {
		t.Fatal(err)
	}
}

// Of each table the rows named "stays" are there afterwards, and no others.
func TestUpkeep(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Shelf(t, p)
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	platformtest.Exec(t, p, `DELETE FROM sessions`)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, finished_at)
		SELECT gen_random_uuid(), name, 'lane', '{}', state, now() - age
		FROM (VALUES ('goes', 'done', interval '7 days 1 hour'), ('stays done', 'done', '6 days 23 hours'),
		             ('stays dead', 'dead', '70 days'), ('stays waiting', 'waiting', NULL)) AS rows (name, state, age)`)
	platformtest.Exec(t, p, `
		INSERT INTO sessions (id, session_token, user_id, expires, device)
		SELECT gen_random_uuid(), sha256(name::bytea), $1, now() + age, name
		FROM (VALUES ('goes', interval '-1 second'), ('stays', interval '1 hour')) AS rows (name, age)`, ana.ID)
	platformtest.Exec(t, p, `
		INSERT INTO sign_in_requests (id, email, browser, created_at, expires_at)
		SELECT gen_random_uuid(), name, '', now() - age, now() - age
		FROM (VALUES ('goes', interval '25 hours'), ('stays', interval '23 hours')) AS rows (name, age)`)
	platformtest.Exec(t, p, `
		INSERT INTO mails (id, cause, kind, address, state, created_at)
		VALUES (gen_random_uuid(), 'stays', 'welcome-email', 'a@example.com', 'failed', now() - interval '3 years')`)
	platformtest.Exec(t, p, `
		INSERT INTO licences (id, user_id, module_key, device, name, expires_at)
		SELECT gen_random_uuid(), $1, 'instrument', sha256(name::bytea), name, now() - age
		FROM (VALUES ('goes', interval '31 days'), ('stays', interval '29 days')) AS rows (name, age)`, ana.ID)
	checkouts(t, p, ana)
	disputes(t, p, ana)
	keep(t, p)
	keep(t, p) // and again there is nothing to do
	for table, names := range map[string]string{
		"outbox": "kind", "sessions": "device", "sign_in_requests": "email", "mails": "cause", "checkouts": "url", "licences": "name",
		"payment_facts": "stripe_payment_id",
	} {
		left := platformtest.Text(t, p, `SELECT string_agg(`+names+`, ',' ORDER BY `+names+`) FROM `+table)
		if strings.Contains(left, "goes") || !strings.Contains(left, "stays") {
			t.Errorf("%s: %q are left", table, left)
		}
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(id, ', ' ORDER BY id) FROM stripe_events WHERE state = 'ignored'`); got != "evt goes dispute_lost, evt goes disputed" {
		t.Errorf("events that tell of what went: %s", got)
	}
	if left := platformtest.Text(t, p, `SELECT string_agg(kind, ', ' ORDER BY kind) FROM outbox`); left != "stays dead, stays done, stays waiting" {
		t.Errorf("jobs left: %s", left)
	}
	if left := platformtest.Text(t, p, `SELECT string_agg(url, ', ' ORDER BY url) FROM checkouts`); left != "stays bought, stays complete, stays fact, stays open, stays young" {
		t.Errorf("checkouts left: %s", left)
	}
}

// checkouts writes some of every state and age.
func checkouts(t *testing.T, p *platform.Platform, who *platformtest.User) {
	t.Helper()
	platformtest.Exec(t, p, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, url, created_at, expires_at)
		SELECT gen_random_uuid(), $1, 'instrument', 5900, 'usd', false, '{}', state, name, now() - age, now() - age
		FROM (VALUES ('goes', 'expired', interval '31 days'), ('stays young', 'expired', '29 days'), ('stays open', 'open', '31 days'),
		             ('stays complete', 'complete', '31 days'), ('stays bought', 'expired', '31 days'), ('stays fact', 'expired', '31 days')) AS rows (name, state, age)`, who.ID)
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id)
		SELECT gen_random_uuid(), user_id, 'pi_1', module_type, amount, 'completed', id FROM checkouts WHERE url = 'stays bought'`)
	platformtest.Exec(t, p, `
		INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id)
		SELECT 'pi_2', 'submitted', 'cs_2', amount, currency, now(), id FROM checkouts WHERE url = 'stays fact'`)
}

// disputes writes some of which no sale is known here, and their events.
func disputes(t *testing.T, p *platform.Platform, who *platformtest.User) {
	t.Helper()
	platformtest.Exec(t, p, `
		INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at)
		SELECT name, kind, 'dp', 9900, 'usd', now() - age
		FROM (VALUES ('goes', 'disputed', interval '63 days'), ('goes', 'dispute_lost', '61 days'), ('stays disputed', 'disputed', '61 days'),
		             ('stays disputed', 'dispute_won', '59 days'), ('stays bought', 'disputed', '61 days'), ('stays in the books', 'disputed', '61 days'),
		             ('stays with its sale', 'disputed', '61 days')) AS rows (name, kind, age)`)
	platformtest.Exec(t, p, `
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload)
		SELECT 'evt ' || stripe_payment_id || ' ' || kind, 'charge.dispute.updated', '', false, at, 'settled', jsonb_build_object('data', jsonb_build_object('object', jsonb_build_object('payment_intent', stripe_payment_id)))
		FROM payment_facts
		WHERE checkout_id IS NULL`)
	platformtest.Exec(t, p, `
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload)
		VALUES ('evt sale', 'checkout.session.completed', '', false, now(), 'quarantined', '{"data": {"object": {"payment_intent": "stays with its sale"}}}')`)
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status)
		VALUES (gen_random_uuid(), $1, 'stays bought', 'instrument', 9900, 'completed')`, who.ID)
	platformtest.Exec(t, p, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		VALUES (gen_random_uuid(), now(), 'sale', 'instrument', 9900, 'usd', 'stays in the books')`)
}

func TestManyBatches(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, finished_at)
		SELECT gen_random_uuid(), 'count', 'lane', '{}', CASE WHEN n % 100 = 0 THEN 'dead' ELSE 'done' END, now() - interval '8 days'
		FROM generate_series(1, 3500) AS n`)
	keep(t, p)
	if left := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox`); left != "35" {
		t.Errorf("%s rows are left, want the 35 dead ones", left)
	}
}

// A goodbye that was never sent does not keep the address for ever, nor does
// what tells somebody without an account of a refund, or how to sign in.
func TestScrub(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Exec(t, p, `
		INSERT INTO mails (id, cause, kind, address, state, created_at)
		SELECT gen_random_uuid(), name, kind, name, state, now() - age
		FROM (VALUES ('dead', 'goodbye', 'pending', interval '73 hours'), ('tried', 'goodbye', 'pending', '71 hours'),
		             ('refused', 'goodbye', 'failed', '4 days'), ('another', 'welcome-email', 'pending', '4 days'), ('money', 'refund-notice', 'pending', '4 days'),
		             ('code', 'sign-in-code', 'sent', '4 days'), ('ana@example.com', 'sign-in-code', 'sent', '4 days'), ('young', 'sign-in-code', 'sent', '71 hours')) AS rows (name, kind, state, age)`)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO mails (id, cause, kind, user_id, address, created_at)
		VALUES (gen_random_uuid(), 'own', 'refund-notice', $1, 'own', now() - interval '4 days')`, ana.ID)
	keep(t, p)
	if got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', cause, state, address), '; ' ORDER BY cause) FROM mails`); got != "ana@example.com sent ana@example.com; another pending another; code sent ; dead failed ; money failed ; own pending own; refused failed ; tried pending tried; young sent young" {
		t.Errorf("mails %q", got)
	}
}
