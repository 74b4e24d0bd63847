package attention_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pilothandbook/handbook/attention"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func exec(t testing.TB, p *platform.Platform, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := p.DB.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// listed returns what must be acted on, a word each.
func listed(t testing.TB, p *platform.Platform) string {
	t.Helper()
	items, err := attention.List(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, i := range items {
		if i.Says == "" || i.Do == "" || i.Oldest < 0 {
			t.Errorf("%+v", i)
		}
		if i.Act {
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s", i.Name, i.Kind)), fmt.Sprint(i.Count))
		}
	}
	return strings.Join(words, " ")
}

// sold is somebody who has paid ten minutes ago, and may read.
const sold = `
	WITH buyer AS (INSERT INTO users (id, email) VALUES ('00000000-0000-0000-0000-00000000000a', 'ana@example.com') RETURNING id),
	c AS (INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, expires_at)
	      SELECT '00000000-0000-0000-0000-00000000000c', id, 'instrument', 9900, 'usd', false, '{}', 'complete', now() FROM buyer RETURNING id, user_id),
	p AS (INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id)
	      SELECT gen_random_uuid(), user_id, 'pi_1', 'instrument', 9900, 'completed', id FROM c RETURNING id, user_id),
	f AS (INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id)
	      SELECT 'pi_1', 'paid', 'cs_1', 9900, 'usd', now() - interval '10 minutes', id FROM c)
	INSERT INTO grants (id, user_id, module_key, purchase_id) SELECT gen_random_uuid(), user_id, 'instrument', id FROM p`

func told(state, age string) string {
	return fmt.Sprintf(`
		INSERT INTO stripe_events (id, type, api_version, livemode, created, received_at, state, reason, payload)
		VALUES ('evt_1', 'checkout.session.completed', '', false, now(), now() - interval '%s', '%s', 'odd',
		        '{"data": {"object": {"id": "cs_1", "payment_intent": "pi_1", "payment_status": "paid", "metadata": {"checkout": "00000000-0000-0000-0000-00000000000c"}}}}')`, age, state)
}

func refund(age, state string) []string {
	return []string{
		fmt.Sprintf(`INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason, created_at)
			VALUES (gen_random_uuid(), 'pi_1', 'instrument', 9900, 'usd', 'duplicate', now() - interval '%s')`, age),
		fmt.Sprintf(`INSERT INTO outbox (id, kind, queue, payload, state, finished_at, run_at, error)
			VALUES (gen_random_uuid(), 'refund-payment', 'money-queue', '{"payment": "pi_1"}', '%s', now(), now() + interval '1 hour', 'no')`, state),
	}
}

// cheaper has what was sold cost less, as its buyer had another module.
const cheaper = `UPDATE checkouts SET credited = '{private_commercial}'`

func own(revoked string) string {
	return `INSERT INTO grants (id, user_id, module_key, revoked_at) SELECT gen_random_uuid(), id, 'private_commercial', ` + revoked + ` FROM users`
}

func mailed(age string) string {
	return fmt.Sprintf(`INSERT INTO mails (id, cause, kind, address, created_at) VALUES (gen_random_uuid(), 'a', 'welcome-email', 'a@example.com', now() - interval '%s')`, age)
}

func waiting(due string) string {
	return fmt.Sprintf(`INSERT INTO outbox (id, kind, queue, payload, run_at) VALUES (gen_random_uuid(), 'count', 'lane', '{}', now() + interval '%s')`, due)
}

// taken is a job that a worker, or Redis, had until its lease ended.
func taken(state, lease string) string {
	return fmt.Sprintf(`INSERT INTO outbox (id, kind, queue, payload, state, run_at, lease_until)
		VALUES (gen_random_uuid(), 'count', 'lane', '{}', '%s', now() - interval '1 hour', now() + interval '%s')`, state, lease)
}

func TestList(t *testing.T) {
	t.Parallel()
	const (
		noGrant = `DELETE FROM grants`
		noFacts = `DELETE FROM payment_facts`
		reopen  = `UPDATE checkouts SET state = 'open'`
	)
	for _, tc := range []struct {
		name  string
		plant []string
		want  string
	}{
		{"nothing", nil, ""},
		{"a sale", []string{sold}, ""},
		{"no grant", []string{sold, noGrant}, "paid_without_access 1"},
		{"a grant revoked", []string{sold, `UPDATE grants SET revoked_at = now()`}, "paid_without_access 1"},
		{"a grant of something else", []string{sold, `UPDATE grants SET purchase_id = NULL`}, "paid_without_access 1"},
		{"just paid", []string{sold, noGrant, `UPDATE payment_facts SET at = now() - interval '4 minutes'`}, ""},
		{"long ago", []string{sold, noGrant, `UPDATE payment_facts SET at = now() - interval '31 days'`}, ""},
		{"account deleted", []string{sold, `DELETE FROM users`}, ""},
		{"given back", []string{sold, noGrant, `INSERT INTO payment_facts SELECT stripe_payment_id, 'refunded', source, amount, currency, at FROM payment_facts`}, ""},
		{"a gift", []string{sold, noGrant, `
			INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at) VALUES (gen_random_uuid(), 'pi_1', 'instrument', 'ABCDEFGH', now())`}, ""},
		{"quarantined and paid", []string{sold, noGrant, noFacts, told("quarantined", "10 minutes")}, "quarantined_events 1 paid_without_access 1"},
		{"quarantined just now", []string{sold, noGrant, noFacts, told("quarantined", "1 minute")}, "quarantined_events 1"},
		{"quarantined, settled in another way", []string{sold, told("quarantined", "10 minutes")}, "quarantined_events 1"},
		{"settled without facts, checkout open", []string{sold, noGrant, noFacts, reopen, told("settled", "10 minutes")}, "paid_without_access 1"},
		{"ignored", []string{sold, noGrant, noFacts, reopen, told("ignored", "10 minutes")}, ""},
		{"the same payment by fact and event", []string{sold, noGrant, told("quarantined", "10 minutes")}, "quarantined_events 1 paid_without_access 1"},
		{"a refund under way", append([]string{sold}, refund("1 day", "waiting")...), ""},
		{"a refund that failed", append([]string{sold}, refund("1 day", "dead")...), "refunds_failed 1 dead_jobs refund-payment 1"},
		{"a refund that nobody does", append([]string{sold}, refund("1 day", "done")...), "refunds_failed 1"},
		{"a refund that failed, given back by hand", append([]string{sold, `
			INSERT INTO payment_facts SELECT stripe_payment_id, 'refunded', source, amount, currency, at FROM payment_facts`}, refund("1 day", "dead")...), "dead_jobs refund-payment 1"},
		{"a refund that failed, taken back by the bank", append([]string{sold, `
			INSERT INTO payment_facts SELECT stripe_payment_id, 'dispute_lost', source, amount, currency, at FROM payment_facts`}, refund("1 day", "dead")...), "dead_jobs refund-payment 1"},
		{"a bundle at the difference", []string{sold, cheaper, own("NULL")}, ""},
		{"the module was given back", []string{sold, cheaper, own("now()")}, "bundles_underpaid 1"},
		{"the module was lent since", []string{sold, cheaper, own("now()"), `UPDATE grants SET expires_at = now() + interval '1 day', revoked_at = NULL WHERE module_key = 'private_commercial'`}, "bundles_underpaid 1"},
		{"and the operator let them keep it", []string{sold, cheaper, own("now()"), own("NULL")}, ""},
		{"and the bundle is on its way back", append([]string{sold, cheaper, own("now()")}, refund("1 second", "waiting")...), ""},
		{"and the bundle was closed", []string{sold, cheaper, own("now()"), `UPDATE purchases SET status = 'refunded'`}, ""},
		{"a job for later", []string{waiting("1 hour")}, ""},
		{"a job just due", []string{waiting("-10 seconds")}, ""},
		{"a job under way for long", []string{taken("running", "1 second")}, ""},
		{"jobs that are about to be taken over", []string{taken("running", "-50 seconds"), taken("queued", "-50 seconds")}, ""},
		{"jobs that nobody has any more", []string{taken("running", "-61 seconds"), taken("queued", "-2 minutes")}, "overdue_jobs 2"},
		{"a job overdue", []string{waiting("-2 minutes"), waiting("-10 seconds")}, "overdue_jobs 2"},
		{"a mail under way", []string{mailed("10 minutes")}, ""},
		{"a mail late", []string{mailed("2 hours")}, "mails_pending 1"},
		{"a mail given up", []string{mailed("3 days")}, ""},
		{"compared", []string{`INSERT INTO reconciled (created) VALUES (now() - interval '1 hour')`}, ""},
		{"a package is being made", []string{`UPDATE content_versions SET activated_at = now() - interval '10 minutes'`}, ""},
		{"no package is made", []string{`UPDATE content_versions SET activated_at = now() - interval '20 minutes' WHERE module_id <> 'bundle'`}, "versions_unpacked 2"},
		{"not compared", []string{`INSERT INTO reconciled (created) VALUES (now() - interval '4 hours')`}, "inbox_behind 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := platformtest.New(t)
			platformtest.Sell(t, p)
			exec(t, p, tc.plant...)
			if got := listed(t, p); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDeadByKind(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, finished_at, error)
		SELECT gen_random_uuid(), kind, 'lane', '{}', 'dead', now() - age, error
		FROM (VALUES ('a', interval '2 hours', 'old'), ('a', interval '1 hour', E'panic: new\nstack'), ('b', interval '1 hour', 'no')) AS rows (kind, age, error)`)
	items, err := attention.List(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	var dead []string
	for _, i := range items {
		if i.Name == attention.DeadJobs {
			dead = append(dead, fmt.Sprint(i.Kind, " ", i.Count, " ", i.Oldest.Round(time.Minute), " ", i.Cause))
		}
	}
	if got := strings.Join(dead, ", "); got != "a 2 2h0m0s panic: new, b 1 1h0m0s no" {
		t.Errorf("got %q", got)
	}
}

// No question reads a whole table that grows.
func TestIndexes(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, finished_at)
		SELECT gen_random_uuid(), 'count', 'lane', '{}', 'done', now() FROM generate_series(1, 20000)`, `
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload)
		SELECT 'evt_' || n, 'checkout.session.completed', '', false, now(), 'settled',
		       jsonb_build_object('data', jsonb_build_object('object', jsonb_build_object('metadata', jsonb_build_object('checkout', gen_random_uuid()))))
		FROM generate_series(1, 4000) AS n`, `
		INSERT INTO mails (id, cause, kind, address, state) SELECT gen_random_uuid(), n::text, '', '', 'sent' FROM generate_series(1, 20000) AS n`, `
		INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at)
		SELECT 'pi_' || n, 'paid', '', 1, 'usd', now() - interval '1 year' FROM generate_series(1, 20000) AS n`,
		`ANALYZE`)
	for name, query := range attention.Queries() {
		rows, err := p.DB.Query(t.Context(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"outbox", "stripe_events", "mails", "payment_facts"} {
			if strings.Contains(plan.String(), "Seq Scan on "+table) {
				t.Errorf("%s reads all of %s:\n%s", name, table, plan.String())
			}
		}
	}
}
