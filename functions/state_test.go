package functions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// state is a hash of each table, by its name.
type state map[string]string

// states returns the state of all rows, and those of the rows in which each of
// some words occurs. What only says that somebody was here is left out.
func (w *world) states(t *testing.T, words ...string) []state {
	t.Helper()
	w.p.Flush()
	words = append([]string{""}, words...)
	var parts []string
	for _, name := range w.tables(t) {
		parts = append(parts, fmt.Sprintf(`
			SELECT word.place, '%[1]s', coalesce(md5(string_agg(row, '' ORDER BY row) FILTER (WHERE strpos(row, word.word) > 0 OR word.word = '')), '')
			FROM unnest($1::text[]) WITH ORDINALITY AS word (word, place)
				LEFT JOIN (SELECT (to_jsonb(t) - '{last_seen_at,last_used}'::text[])::text FROM %[1]s t) AS all_rows (row) ON true
			GROUP BY word.place`, name))
	}
	rows, err := w.p.DB.Query(t.Context(), strings.Join(parts, " UNION ALL "), words)
	if err != nil {
		t.Fatal(err)
	}
	states := make([]state, len(words))
	for i := range states {
		states[i] = state{}
	}
	var place int
	var name, hash string
	if _, err = pgx.ForEachRow(rows, []any{&place, &name, &hash}, func() error {
		states[place-1][name] = hash
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return states
}

// state returns that of all rows.
func (w *world) state(t *testing.T) state {
	t.Helper()
	return w.states(t)[0]
}

// since names the tables in which a state differs from one before.
func (s state) since(before state) []string {
	var names []string
	for name := range before {
		if before[name] != s[name] {
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
