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
		`INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, purchased_at) VALUES (gen_random_uuid(), $1, 'pi_' || $1::uuid::text, 'instrument', 7905, 'completed', '2026-03-04 23:30Z')`,
		`INSERT INTO grants (id, user_id, module_key, reason) VALUES (gen_random_uuid(), $1, 'instrument', 'gift')`,
		`INSERT INTO progress (id, user_id, lesson_id, last_access, active) VALUES (gen_random_uuid(), $1, 'holding', '2026-03-04 23:30Z', '{[2026-01-01 10:00,2026-01-01 10:02:30)}')`,
		`INSERT INTO study_events (user_id, id, lesson_id, kind, at, body) SELECT $1, gen_random_uuid(), 'holding', 'read', now(), '{"mine": true}' FROM generate_series(1, 3)`,
		`INSERT INTO tokens (id, user_id, token, name) VALUES (gen_random_uuid(), $1, sha256($1::uuid::text::bytea), 'laptop')`,
		`INSERT INTO mails (id, cause, kind, user_id, address) VALUES (gen_random_uuid(), $1::uuid::text, 'welcome-email', $1, 'somewhere')`,
		`INSERT INTO mail_choices (user_id, list, wanted) VALUES ($1, 'content-updates', true)`,
		`INSERT INTO sign_in_requests (id, email, browser, code, expires_at) SELECT gen_random_uuid(), email, '\xdeadbeef', '\xdeadbeef', now() FROM users WHERE id = $1`,
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
	files := archive(t, p, ana)

	// Every row of every table that refers to users, as the catalogue has them.
	rows, err := p.DB.Query(t.Context(), `
		SELECT conrelid::regclass::text, string_agg(format('%I = $1', attname), ' OR ')
		FROM pg_constraint
		JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
		WHERE contype = 'f' AND confrelid = 'users'::regclass
		GROUP BY 1
		UNION SELECT 'users', 'id = $1'`)
	if err != nil {
		t.Fatal(err)
	}
	type refers struct{ Table, Where string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[refers])
	if err != nil || len(all) < 10 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, r := range all {
		var want int
		if err := p.DB.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s`, r.Table, r.Where), ana.ID).Scan(&want); err != nil {
			t.Fatal(err)
		}
		var got []map[string]any
		if err := json.Unmarshal([]byte(files[r.Table+".json"]), &got); err != nil || len(got) != want {
			t.Errorf("%s: %d rows, %v; want %d", r.Table, len(got), err, want)
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
