package functions_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// state returns a hash of each table, of the rows in which about occurs. What
// only says that somebody was here is left out.
func (w *world) state(t *testing.T, about string) map[string]string {
	t.Helper()
	w.p.Flush()
	var parts []string
	for _, name := range w.tables(t) {
		parts = append(parts, fmt.Sprintf(`
			SELECT '%[1]s', coalesce(md5(string_agg(row, '' ORDER BY row)), '')
			FROM (SELECT (to_jsonb(t) - '{last_seen_at,last_used}'::text[])::text FROM %[1]s t) AS all_rows (row)
			WHERE strpos(row, $1) > 0 OR $1 = ''`, name))
	}
	rows, err := w.p.DB.Query(t.Context(), strings.Join(parts, " UNION ALL "), about)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]string{}
	var name, hash string
	if _, err = pgx.ForEachRow(rows, []any{&name, &hash}, func() error {
		state[name] = hash
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return state
}

// changed names the tables in which two states differ.
func changed(before, after map[string]string) []string {
	var names []string
	for name := range before {
		if cmp.Compare(before[name], after[name]) != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// tables returns the names of all tables that the handbook writes.
func (w *world) tables(t *testing.T) []string {
	t.Helper()
	rows, err := w.p.DB.Query(t.Context(), `
		SELECT relname
		FROM pg_class
		WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return tables
}
