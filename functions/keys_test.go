package functions_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

// ofTheCatalogue are the tables that grow with what authors write, not with how
// many people read it.
var ofTheCatalogue = []string{
	"activations", "blobs", "content_versions", "former_lessons", "lesson_ids", "lessons", "media", "module_keys", "modules",
	"package_files", "packages", "reconciled", "renditions", "schedule", "search_words", "sections", "sources", "goose_db_version",
}

// TestReadersReadByKeys: what a reader asks for costs the same however many
// others there are, as no table that grows with them is read whole. PostgreSQL is
// told to do so only where nothing else is left.
func TestReadersReadByKeys(t *testing.T) {
	t.Parallel()
	for i, route := range functions.All(platformtest.New(t)) {
		if route.Path == "/metrics" {
			continue
		}
		t.Run(route.Method+" "+route.Path, func(t *testing.T) {
			t.Parallel()
			w := newKeyedWorld(t)
			path, in := w.path(t, w.routes[i]), inputs()[route.Method+" "+route.Path]
			if in == (input{}) {
				in = form("")
			}
			for _, role := range []string{anonymous, token, owner, operator} {
				before := w.scans(t)
				w.send(t, w.request(t, role, route.Method, path, in))
				w.p.Flush()
				for table, n := range w.scans(t) {
					if n > before[table] {
						t.Errorf("for %s, %s is read whole", role, table)
					}
				}
			}
		})
	}
}

// newKeyedWorld returns a world with one connection, which avoids to read tables
// whole.
func newKeyedWorld(t *testing.T) *world {
	t.Helper()
	cfg := platformtest.Config(t)
	at, err := url.Parse(cfg.DatabaseURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	q := at.Query()
	q.Set("enable_seqscan", "off")
	at.RawQuery = q.Encode()
	cfg.DatabaseURL, cfg.DatabaseMaxConns = config.Secret(at.String()), 1
	till := platformtest.OpenTill(t, cfg)
	return furnished(t, platformtest.Open(t, cfg), till)
}

// scans returns how often each table that grows with readers was read whole.
func (w *world) scans(t *testing.T) map[string]int {
	t.Helper()
	w.exec(t, `SELECT pg_stat_force_next_flush()`)
	rows, err := w.p.DB.Query(t.Context(), `SELECT relname, seq_scan FROM pg_stat_user_tables`)
	if err != nil {
		t.Fatal(err)
	}
	scans := map[string]int{}
	var table string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&table, &n}, func() error {
		if !slices.Contains(ofTheCatalogue, table) {
			scans[table] = n
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return scans
}
