package migrations_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestNumbers(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(f, want) {
			t.Errorf("%s: want a name that begins with %s", f, want)
		}
	}
	if int64(len(files)) != migrations.Newest() || len(files) == 0 {
		t.Errorf("%d files, but Newest is %d", len(files), migrations.Newest())
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	var b strings.Builder
	b.WriteString("-- The schema after all migrations. Made by: go test ./migrations -update\n")
	for _, table := range texts(t, p, `
		SELECT relname FROM pg_class
		WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version'
		ORDER BY relname`) {
		fmt.Fprintf(&b, "\n%s\n", table)
		for _, query := range []string{`
			SELECT format('  %s %s%s%s', attname, format_type(atttypid, atttypmod),
			              CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END,
			              coalesce(CASE WHEN attgenerated = 's' THEN ' GENERATED ' ELSE ' DEFAULT ' END || pg_get_expr(adbin, adrelid), ''))
			FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
			WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
			ORDER BY attnum`, `
			SELECT format('  %s %s', conname, pg_get_constraintdef(oid))
			FROM pg_constraint
			WHERE conrelid = $1::regclass AND contype <> 'n'
			ORDER BY contype, conname`, `
			SELECT '  ' || pg_get_indexdef(indexrelid)
			FROM pg_index
			WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
			ORDER BY 1`} {
			for _, line := range texts(t, p, query, table) {
				b.WriteString(line + "\n")
			}
		}
	}
	platformtest.Golden(t, "../schema.golden.sql", b.String())
}

// The models of the architecture, with every column, default and index.
func TestModels(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for table, columns := range map[string][]string{
		"users":            {"id", "email", "name?", "created_at=now()", "updated_at=now()"},
		"purchases":        {"id", "user_id", "stripe_payment_id", "module_type", "amount", "currency='usd'::text", "status", "purchased_at=now()"},
		"progress":         {"id", "user_id", "lesson_id", "completed=false", "last_access=now()", "time_spent"},
		"content_versions": {"id", "module_id", "version", "checksum", "release_date=now()", "changelog?", "is_active=false"},
		"sessions":         {"id", "session_token", "user_id", "expires"},
	} {
		have := texts(t, p, `
			SELECT column_name || CASE WHEN is_nullable = 'YES' THEN '?' ELSE '' END || coalesce('=' || column_default, '')
			FROM information_schema.columns WHERE table_name = $1`, table)
		for _, c := range columns {
			if !slices.Contains(have, c) {
				t.Errorf("%s has no column %s: %q", table, c, have)
			}
		}
	}
	// A unique index also serves as the plain one on the same columns.
	have := texts(t, p, `
		SELECT format('%s%s(%s)', CASE WHEN indisunique THEN 'unique ' ELSE '' END, indrelid::regclass,
		       (SELECT string_agg(attname, ',' ORDER BY n) FROM unnest(indkey) WITH ORDINALITY k(num, n) JOIN pg_attribute ON attrelid = indrelid AND attnum = num))
		FROM pg_index WHERE indpred IS NULL`)
	for _, index := range []string{
		"unique users(email)", "users(created_at)",
		"unique purchases(stripe_payment_id)", "purchases(user_id,status)", "purchases(purchased_at)",
		"unique progress(user_id,lesson_id)", "progress(user_id,completed)", "progress(user_id,last_access)",
		"content_versions(module_id,is_active)", "content_versions(version)",
		"unique sessions(session_token)", "sessions(user_id)",
	} {
		if !slices.Contains(have, index) {
			t.Errorf("there is no index %s", index)
		}
	}
	cascades := texts(t, p, `
		SELECT conrelid::regclass::text FROM pg_constraint
		WHERE confrelid = 'users'::regclass AND confdeltype = 'c'`)
	for _, table := range []string{"purchases", "progress", "sessions"} {
		if !slices.Contains(cascades, table) {
			t.Errorf("%s does not go with its user", table)
		}
	}
}

// time_spent is derived from when the lesson was read, and so 0 by default.
func TestTimeSpent(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	var spent []int32
	err := p.DB.QueryRow(t.Context(), `
		WITH m AS (INSERT INTO modules (key, title, price) VALUES ('instrument', 'I', 5900) RETURNING key),
		     l AS (INSERT INTO lesson_ids SELECT n, key FROM m, (VALUES ('a'), ('b')) AS names (n) RETURNING lesson_id),
		     r AS (INSERT INTO progress (id, user_id, lesson_id, active)
		           SELECT gen_random_uuid(), $1, lesson_id,
		                  CASE lesson_id WHEN 'a' THEN '{}' ELSE '{[2026-01-01 10:00,2026-01-01 10:02:30)}' END::tstzmultirange
		           FROM l RETURNING lesson_id, time_spent)
		SELECT array_agg(time_spent ORDER BY lesson_id) FROM r`, ana.ID).Scan(&spent)
	if err != nil || !slices.Equal(spent, []int32{0, 2}) {
		t.Errorf("got %v, %v; want 0 and 2 minutes", spent, err)
	}
}

func TestOneActiveVersion(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	_, err := p.DB.Exec(t.Context(), `
		WITH m AS (INSERT INTO modules (key, title, price) VALUES ('instrument', 'I', 5900)),
		     s AS (INSERT INTO sources (id, module_key, version, digest, files) VALUES (gen_random_uuid(), 'instrument', '1', '', '[]') RETURNING id)
		SELECT 1`)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(version string) error {
		_, err := p.DB.Exec(t.Context(), `
			INSERT INTO content_versions (id, module_id, version, checksum, is_active, source_id, title)
			SELECT gen_random_uuid(), 'instrument', $1, 'x', true, id, 'I' FROM sources`, version)
		return err
	}
	if err := insert("1"); err != nil {
		t.Fatal(err)
	}
	if err := insert("2"); err == nil || !strings.Contains(err.Error(), "content_versions_one_active") {
		t.Errorf("a second active version: %v", err)
	}
	if err := insert("1"); err == nil {
		t.Error("the same version twice")
	}
}

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
