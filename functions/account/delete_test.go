package account_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/account"
	"pilothandbook/functions/events"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// canary is part of everything personal in these tests.
const canary = "canary-of-ana"

func texts(t *testing.T, p *platform.Platform, sql string, args ...any) []string {
	t.Helper()
	rows, err := p.DB.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// plant writes canaries wherever a person can be known.
func plant(t *testing.T, p *platform.Platform, ana *platformtest.User, checkout uuid.UUID) {
	t.Helper()
	for _, sql := range []string{
		`UPDATE users SET name = 'canary-of-ana' WHERE id = $1`,
		`UPDATE sessions SET device = 'canary-of-ana' WHERE user_id = $1`,
		`INSERT INTO tokens (id, user_id, token, name) VALUES (gen_random_uuid(), $1, 'x', 'canary-of-ana')`,
		`INSERT INTO grants (id, user_id, module_key, reason) VALUES (gen_random_uuid(), $1, 'instrument', 'canary-of-ana')`,
		`INSERT INTO study_events (user_id, id, device, lesson_id, kind, at, body) VALUES ($1, gen_random_uuid(), 'canary-of-ana', 'canary-of-ana', 'x', now(), '"canary-of-ana"')`,
		`INSERT INTO progress (id, user_id, lesson_id) VALUES (gen_random_uuid(), $1, 'holding')`,
		`INSERT INTO email_changes (id, user_id, email, former, expires_at, used_at) VALUES (gen_random_uuid(), $1, 'canary-of-ana@example.com', 'canary-of-ana@old.example', now(), now())`,
		`INSERT INTO mail_choices (user_id, list, wanted) VALUES ($1, 'content-updates', true)`,
		`INSERT INTO reports (id, lesson_id, version, user_id, text) VALUES (gen_random_uuid(), 'holding', '1', $1, 'a slip in the second line')`,
		`INSERT INTO mails (id, cause, kind, user_id, address) VALUES (gen_random_uuid(), 'w', 'welcome-email', $1, 'canary-of-ana@example.com')`,
		`INSERT INTO mails (id, cause, kind, address) SELECT gen_random_uuid(), 's' || $1::uuid::text || n, 'sign-in-code', 'canary-of-ana@' || n FROM (VALUES ('example.com'), ('old.example')) AS names (n)`,
		`INSERT INTO sign_in_requests (id, email, browser, expires_at) SELECT gen_random_uuid(), email, 'x', now() FROM users WHERE id = $1`,
		`INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name) VALUES (gen_random_uuid(), $1, 'x', 'x', 0, 0, 'canary-of-ana')`,
		`INSERT INTO passkey_challenges (challenge, browser, user_id, state, expires_at) VALUES ('x', 'x', $1, '"canary-of-ana"', now())`,
		`INSERT INTO licences (id, user_id, module_key, device, name, expires_at) VALUES (gen_random_uuid(), $1, 'instrument', 'x', 'canary-of-ana', now())`,
		`INSERT INTO known_browsers (user_id, browser) VALUES ($1, sha256('x'))`,
		`INSERT INTO resends (id, user_id, mail_id, reason) SELECT gen_random_uuid(), $1, id, 'canary-of-ana' FROM mails WHERE cause = 'w'`,
		`INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason, stripe_refund_id) VALUES (gen_random_uuid(), 'pi_9', $1, 'instrument', 1, 'usd', 'requested', 're_9')`,
		`INSERT INTO sources (id, module_key, version, digest, files, author_id) VALUES (gen_random_uuid(), 'instrument', '9.0.0', 'x', '[]', $1)`,
		`INSERT INTO audit_log (id, actor, action, subject) VALUES (gen_random_uuid(), $1, 'data exported', 'user:' || $1::uuid::text)`,
		`INSERT INTO outbox (id, kind, queue, payload, state, finished_at, error) VALUES (gen_random_uuid(), 'welcome-email', 'email-queue', jsonb_build_object('user', $1::uuid), 'dead', now(), '550 <canary-of-ana@example.com>: unknown')`,
		`INSERT INTO analytics_events (at, kind, module_id, lesson_id, version, user_id) VALUES (now(), 'lesson-read', 'instrument', 'holding', '1.0.0', $1)`,
	} {
		platformtest.Exec(t, p, sql, ana.ID)
	}
	platformtest.Exec(t, p, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, url, state, stripe_session_id, expires_at)
		VALUES ($1, $2, 'private_commercial', 7900, 'usd', false, '{"customer_email": "canary-of-ana"}', 'https://canary-of-ana', 'open', 'cs_1', now())`, checkout, ana.ID)
}

// unplanted returns the columns that can name a person, as the catalogue has
// them, and in which the person is not.
func unplanted(t *testing.T, p *platform.Platform, ana *platformtest.User) (missing []string) {
	t.Helper()
	columns := texts(t, p, `
		SELECT format('%s %I', a.attrelid::regclass, a.attname)
		FROM pg_attribute a
		JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
		  AND (a.attname ~ '(email|address|former|user|actor|customer|person|owner|author)'
		       OR EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = 'users'::regclass AND f.conrelid = a.attrelid AND a.attnum = ANY(f.conkey)))`)
	if len(columns) < 20 {
		t.Fatalf("the catalogue names %q alone", columns)
	}
	for _, c := range columns {
		table, column, _ := strings.Cut(c, " ")
		if there := platformtest.Text(t, p, fmt.Sprintf(`SELECT count(*)::text FROM %s WHERE strpos(%s::text, $1) > 0 OR strpos(%[2]s::text, $2) > 0`, table, column), canary, ana.ID.String()); there == "0" {
			missing = append(missing, c)
		}
	}
	return missing
}

// known returns the rows in which somebody's number is left, beside those that
// may have it: the log, the tombstone, causes of mails, and jobs, which find
// nobody by it.
func known(where string, who *platformtest.User) (lines []string) {
	for line := range strings.Lines(where) {
		table, _, _ := strings.Cut(line, " ")
		if strings.Contains(line, who.ID.String()) && !slices.Contains([]string{"audit_log", "deleted_users", "mails", "outbox"}, table) {
			lines = append(lines, line)
		}
	}
	return lines
}

// dump returns every row of every table as text.
func dump(t *testing.T, p *platform.Platform) string {
	t.Helper()
	var b strings.Builder
	for _, table := range texts(t, p, `SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`) {
		for _, row := range texts(t, p, `SELECT t::text FROM `+table+` t`) {
			fmt.Fprintf(&b, "%s %s\n", table, row)
		}
	}
	keys, err := p.Redis.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		value, _ := p.Redis.Get(t.Context(), key).Result() // not all are strings
		fmt.Fprintf(&b, "redis %s %s\n", key, value)
	}
	return b.String()
}

func paid(t *testing.T, checkout uuid.UUID, ana *platformtest.User) string {
	return platformtest.Event(t, "evt_1", "checkout.session.completed", map[string]any{
		"id": "cs_1", "object": "checkout.session", "status": "complete", "payment_status": "paid", "mode": "payment",
		"amount_subtotal": 7900, "amount_total": 7900, "currency": "usd", "livemode": false, "client_reference_id": ana.ID, "customer": "cus_1",
		"customer_details": map[string]any{"email": canary, "name": canary}, "payment_intent": "pi_1",
		"metadata": map[string]string{"checkout": checkout.String(), "module": "private_commercial"},
	})
}

func found(where string) (lines []string) {
	for line := range strings.Lines(where) {
		if strings.Contains(line, canary) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestDelete(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	platformtest.Exec(t, p, `INSERT INTO lesson_ids VALUES ('holding', 'instrument')`)
	ana, phone := platformtest.Learner(t, p, canary+"@example.com"), platformtest.Learner(t, p, canary+"@example.com")
	bob := platformtest.Learner(t, p, "bob@example.com")
	checkout := uuid.New()
	plant(t, p, ana, checkout)
	event := paid(t, checkout, ana)
	hook := func() platformtest.Answer {
		return platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event))
	}
	if a := hook(); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	platformtest.Exec(t, p, `UPDATE checkouts SET state = 'open'`)
	if missing := unplanted(t, p, ana); len(missing) > 0 {
		t.Fatalf("%q can name a person: plant one there", missing)
	}
	if a := platformtest.Call(t, p, account.Routes(p), phone, "GET", "/account", nil); a.Status != http.StatusOK || len(found(dump(t, p))) < 10 {
		t.Fatalf("%d, canaries %q", a.Status, found(dump(t, p)))
	}
	if a := post(t, p, ana, "/account/delete", url.Values{"confirm": {"bob@example.com"}}); a.Status != http.StatusBadRequest ||
		platformtest.Parse(t, a.Body).Find("#confirm[aria-invalid]").AttrOr("value", "") != "bob@example.com" {
		t.Errorf("another address: %d", a.Status)
	}
	books := `SELECT string_agg(concat_ws(' ', kind, module_type, amount, currency, stripe_payment_id), '; ') FROM ledger`
	before := platformtest.Text(t, p, books)
	if a := post(t, p, ana, "/account/delete", url.Values{"confirm": {" Canary-of-ana@example.com"}}); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	left := found(dump(t, p))
	if len(left) != 1 || !strings.Contains(left[0], "goodbye") {
		t.Errorf("all that may be left is the goodbye's address: %q", left)
	}
	if left := known(dump(t, p), ana); len(left) != 0 {
		t.Errorf("the number is left in %q", left)
	}
	platformtest.Exec(t, p, `UPDATE mails SET address = '' WHERE kind = 'goodbye'`) // what its job does

	// Whatever comes late finds nobody.
	gone := dump(t, p)
	for range 2 {
		if a := hook(); a.Status != http.StatusOK {
			t.Errorf("the event again: %d", a.Status)
		}
	}
	event = strings.Replace(event, "evt_1", "evt_2", 1)
	hook()
	batch := map[string]any{"device": canary, "events": []any{map[string]any{"id": uuid.New(), "lesson": "holding", "kind": "finished", "at": "2026-01-01T00:00:00Z"}}}
	for _, who := range []*platformtest.User{ana, phone} {
		if a := platformtest.Call(t, p, events.Routes(p), who, "POST", "/api/events", batch); a.Status != http.StatusUnauthorized {
			t.Errorf("an offline batch: %d", a.Status)
		}
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', kind, lesson_id, user_id), '; ') FROM analytics_events`); got != "lesson-read holding" {
		t.Errorf("analytics %q; want the event without the person", got)
	}
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO users (id, email) VALUES ($1, 'back@example.com')`, ana.ID); err == nil {
		t.Error("the account came back")
	}
	if left := found(dump(t, p)); len(left) != 0 {
		t.Errorf("canaries after the replay: %q", left)
	}
	if got := platformtest.Text(t, p, books); got != before || got != "sale private_commercial 7900 usd pi_1" {
		t.Errorf("books %q, before %q", got, before)
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', (SELECT count(*) FROM users), (SELECT count(*) FROM purchases), (SELECT count(*) FROM grants), (SELECT count(*) FROM reports))`); got != "1 0 0 1" {
		t.Errorf("users, purchases, grants, reports: %s\n%s", got, gone)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(kind || ' ' || coalesce(payload->>'customer', payload->>'session', ''), '; ' ORDER BY kind) FROM outbox WHERE state = 'waiting' AND kind IN ('goodbye', 'erase-customer', 'close-checkout', 'welcome-email')`); got != "close-checkout cs_1; erase-customer cus_1; goodbye ; welcome-email " {
		t.Errorf("jobs %q; of the welcomes only bob's is due", got)
	}
	if a := platformtest.Call(t, p, account.Routes(p), bob, "GET", "/account", nil); a.Status != http.StatusOK {
		t.Errorf("somebody else: %d", a.Status)
	}
}

// TestOperatorStays: an operator who could leave alone might be the last one.
func TestOperatorStays(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	eve := platformtest.Learner(t, p, "eve@example.com")
	platformtest.Exec(t, p, `UPDATE users SET roles = '{operator}' WHERE id = $1`, eve.ID)
	form := url.Values{"confirm": {eve.Email}}
	if a := post(t, p, eve, "/account/delete", form); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "another operator") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	platformtest.Exec(t, p, `UPDATE users SET roles = '{}' WHERE id = $1`, eve.ID)
	if a := post(t, p, eve, "/account/delete", form); a.Status != http.StatusSeeOther {
		t.Errorf("without the role: %d", a.Status)
	}
}

// Who operates by ADMIN_EMAILS stays too.
func TestNamedOperatorStays(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	boss := platformtest.Operator(t, p)
	if a := post(t, p, boss, "/account/delete", url.Values{"confirm": {boss.Email}}); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "ADMIN_EMAILS") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if got := platformtest.Text(t, p, `SELECT count(*)::text FROM users`); got != "1" {
		t.Errorf("%s users", got)
	}
}

// TestDeleteWhilePaying deletes accounts while Stripe tells that they have
// paid. Neither holds the other up for good, and the money is in the books.
func TestDeleteWhilePaying(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	const rounds = 40
	for n := range rounds {
		ana, checkout := platformtest.Learner(t, p, fmt.Sprintf("ana%d@example.com", n)), uuid.New()
		platformtest.Exec(t, p, `
			INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at)
			VALUES ($1, $2, 'private_commercial', 7900, 'usd', false, '{}', now() + interval '1 day')`, checkout, ana.ID)
		event := strings.ReplaceAll(paid(t, checkout, ana), "_1\"", fmt.Sprintf("_%d\"", n)) // all ids
		form := platformtest.Form(t, ana, "/account/delete", url.Values{"confirm": {ana.Email}}.Encode())
		told := platformtest.SignedEvent(t, p, event)
		var all sync.WaitGroup
		all.Go(func() {
			if a := platformtest.Send(t, p, account.Routes(p), form); a.Status != http.StatusSeeOther {
				t.Errorf("delete: %d %s", a.Status, a.Body)
			}
		})
		all.Go(func() {
			if a := platformtest.Send(t, p, stripehook.Routes(p), told); a.Status != http.StatusOK || !strings.Contains(a.Body, "settled") {
				t.Errorf("webhook: %d %s", a.Status, a.Body)
			}
		})
		all.Wait()
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', (SELECT count(*) FROM users), (SELECT count(*) FROM grants), (SELECT count(*) FROM ledger WHERE kind = 'sale'))`); got != fmt.Sprint("0 0 ", rounds) {
		t.Errorf("users, grants, sales: %s", got)
	}
}

// No table holds a user back, and each that goes with its user was planted.
func TestEveryTableLetsGo(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	if held := texts(t, p, `SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = 'users'::regclass AND confdeltype NOT IN ('c', 'n')`); len(held) != 0 {
		t.Errorf("%q neither go with their user nor forget it", held)
	}
	// What forgets its user must hold nothing else about the person: a new
	// table here needs a line in the deletion.
	for _, table := range texts(t, p, `SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = 'users'::regclass AND confdeltype = 'n'`) {
		switch table {
		case "checkouts", "mails", "reports", "sources", "refunds":
		default:
			t.Errorf("%s outlives its user: does it tell of a person?", table)
		}
	}
}
