package export_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/export"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func archive(t *testing.T, p *platform.Platform, who *platformtest.User) map[string]string {
	t.Helper()
	a := platformtest.Send(t, p, export.Routes(p), platformtest.Form(t, who, "/account/export", ""))
	if a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %q %s", a.Status, a.Header, a.Body)
	}
	z, err := zip.NewReader(strings.NewReader(a.Body), int64(len(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	return files
}

// fill gives two users a row in tables of every sort.
func fill(t *testing.T, p *platform.Platform, who *platformtest.User) {
	t.Helper()
	platformtest.AuthorToken(t, p)
	for _, sql := range []string{
		`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, expires_at) VALUES (md5($1::uuid::text)::uuid, $1, 'instrument', 7905, 'usd', false, '{}', 'complete', now())`,
		`INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id) VALUES ('pi_' || $1::uuid::text, 'paid', 'cs', 7905, 'usd', now(), md5($1::uuid::text)::uuid)`,
		`INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, purchased_at, checkout_id) VALUES (gen_random_uuid(), $1, 'pi_' || $1::uuid::text, 'instrument', 7905, 'completed', '2026-03-04 23:30Z', md5($1::uuid::text)::uuid)`,
		`INSERT INTO grants (id, user_id, module_key, reason) VALUES (gen_random_uuid(), $1, 'instrument', 'gift')`,
		`INSERT INTO progress (id, user_id, lesson_id, last_access, active) VALUES (gen_random_uuid(), $1, 'holding', '2026-03-04 23:30Z', '{[2026-01-01 10:00,2026-01-01 10:02:30)}')`,
		`INSERT INTO study_events (user_id, id, lesson_id, kind, at, body) SELECT $1, gen_random_uuid(), 'holding', 'read', now(), '{"mine": true}' FROM generate_series(1, 3)`,
		`INSERT INTO tokens (id, user_id, token, name) VALUES (gen_random_uuid(), $1, sha256($1::uuid::text::bytea), 'laptop')`,
		`INSERT INTO mails (id, cause, kind, user_id, address) VALUES (gen_random_uuid(), $1::uuid::text, 'welcome-email', $1, 'somewhere')`,
		`INSERT INTO mail_choices (user_id, list, wanted) VALUES ($1, 'content-updates', true)`,
		`INSERT INTO sign_in_requests (id, email, browser, code, expires_at) SELECT gen_random_uuid(), email, '\xdeadbeef', '\xdeadbeef', now() FROM users WHERE id = $1`,
		`INSERT INTO mails (id, cause, kind, address) SELECT gen_random_uuid(), 'code ' || $1::uuid::text, 'sign-in-code', email FROM users WHERE id = $1`,
		`INSERT INTO email_changes (id, user_id, email, former, expires_at, used_at) SELECT gen_random_uuid(), $1, email, 'former.' || email, now(), now() FROM users WHERE id = $1`,
		`INSERT INTO mails (id, cause, kind, address) SELECT gen_random_uuid(), 'former code ' || $1::uuid::text, 'sign-in-code', 'former.' || email FROM users WHERE id = $1`,
		`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, expires_at, gift) VALUES ($1, $1, 'instrument', 9900, 'usd', false, '{}', 'complete', now(), true)`,
		`INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id) VALUES ('pi_gift_' || $1::uuid::text, 'paid', 'cs', 9900, 'usd', now(), $1)`,
		`INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at) VALUES ('pi_gift_' || $1::uuid::text, 'disputed', 'dp', 9900, 'usd', now())`,
		`INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at) VALUES (gen_random_uuid(), 'pi_gift_' || $1::uuid::text, 'instrument', translate(upper(left(md5($1::uuid::text), 8)), '0189', 'WXYZ'), '2026-03-04 23:30Z')`,
		`INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id) VALUES (gen_random_uuid(), now(), 'sale', 'instrument', 9900, 'usd', 'pi_gift_' || $1::uuid::text)`,
		`INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload) SELECT 'evt_' || n || $1::uuid::text, 'x', 'x', false, now(), 'settled', jsonb_build_object('data', jsonb_build_object('object', o))
		 FROM (VALUES (1, jsonb_build_object('metadata', jsonb_build_object('checkout', $1::uuid), 'name', 'as on the card')), (2, jsonb_build_object('payment_intent', 'pi_gift_' || $1::uuid::text)), (3, jsonb_build_object('payment_intent', 'pi_' || $1::uuid::text))) AS told (n, o)`,
		`INSERT INTO analytics_events (at, kind, module_id, lesson_id, version, user_id) VALUES (now(), 'lesson-read', 'instrument', 'holding', '1.0.0', $1)`,
	} {
		platformtest.Exec(t, p, sql, who.ID)
	}
}

func TestEverything(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	platformtest.Exec(t, p, `INSERT INTO lesson_ids VALUES ('holding', 'instrument')`)
	platformtest.Exec(t, p, `CREATE TABLE made_later (owner uuid REFERENCES users, "Giver" uuid REFERENCES users, words text, secret bytea)`)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	platformtest.Exec(t, p, `INSERT INTO made_later VALUES ($1, $2, 'from bob', '\xdeadbeef'), ($2, $1, 'to bob', '\xdeadbeef'), ($2, $2, 'not hers', NULL)`, ana.ID, bob.ID)
	fill(t, p, ana)
	fill(t, p, bob)

	// Every row of every table, as the catalogue has them, in which she occurs.
	rows, err := p.DB.Query(t.Context(), `
		SELECT oid::regclass::text
		FROM pg_class
		WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
		  AND relname <> 'outbox' -- jobs: what they do to the other tables is there`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	known := 0
	for _, table := range all {
		n := 0
		if err := p.DB.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0`, table), ana.ID.String(), ana.Email).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if want[table] = n; n > 0 {
			known++
		}
	}
	if known < 18 {
		t.Errorf("she is in %d tables: more must be planted", known)
	}
	files := archive(t, p, ana)
	for table, n := range want {
		body, there := files[table+".json"]
		if n == 0 && !there {
			continue
		}
		var got []map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != n {
			t.Errorf("%s: %d rows, %v; want %d", table, len(got), err, n)
		}
	}
	for name, body := range files {
		for _, secret := range []string{"deadbeef", `\\x`, bob.ID.String() + `", "id`, "not hers", "bob@example.com"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s holds %q:\n%s", name, secret, body)
			}
		}
	}
	for name, want := range map[string]string{
		"orders.csv":            "date,module,amount,currency,status,payment\n2026-03-04T23:30:00Z,Instrument Rating,79.05,usd,completed,pi_" + ana.ID.String() + "\n",
		"gifts.csv":             "date,module,redeemed,payment\n2026-03-04T23:30:00Z,Instrument Rating,,pi_gift_" + ana.ID.String() + "\n",
		"progress.csv":          "lesson,finished,last read,minutes\nholding,,2026-03-04T23:30:00Z,2\n",
		"sign_in_requests.json": "ana@example.com", "users.json": "ana@example.com", "study_events.json": `{"mine": true}`,
		"analytics_events.json": `"user_id": "` + ana.ID.String(),
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s: %q", name, files[name])
		}
	}
	if again := archive(t, p, ana); !strings.Contains(again["audit_log.json"], "data exported") {
		t.Error("the export is not on record")
	}
}

// Nobody has the database read over and over.
func TestTooOften(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	refused := 0
	for range 12 {
		if a := platformtest.Send(t, p, export.Routes(p), platformtest.Form(t, ana, "/account/export", "")); a.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 || refused > 2 {
		t.Errorf("%d of 12 were refused, want two", refused)
	}
}

func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	a := platformtest.Send(t, p, export.Routes(p), platformtest.Form(t, ana, "/account/export", ""))
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/account/confirm?next=%2Faccount" {
		t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
	}
}
