package db_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

// TestTxBatch begins with a batch, and ends with one or without.
func TestTxBatch(t *testing.T) {
	t.Parallel()
	p, told := open(t, platformtest.EmptyDatabase(t), 1), ""
	p.OnCommit(func(string) { told = " told" })
	if _, err := p.Exec(t.Context(), `CREATE TABLE t (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)`); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	for _, tc := range []struct {
		name  string
		first string
		then  error  // of what follows
		last  string // "" leaves the commit to Tx
		want  string // what is committed, and told
		fails bool
	}{
		{"all in the first", `INSERT INTO t VALUES (1)`, nil, "", "1 told", false},
		{"ends with a batch", `INSERT INTO t VALUES (1)`, nil, `INSERT INTO t VALUES (2)`, "12 told", false},
		{"the first fails", `INSERT INTO t VALUES (1/0)`, nil, `INSERT INTO t VALUES (2)`, "", true},
		{"the first cannot be read", `nonsense`, nil, `INSERT INTO t VALUES (2)`, "", true},
		{"what follows fails", `INSERT INTO t VALUES (1)`, refused, "", "", true},
		{"the last fails", `INSERT INTO t VALUES (1)`, nil, `INSERT INTO t VALUES (1/0)`, "", true},
		{"the commit fails", `INSERT INTO t VALUES (3)`, nil, `INSERT INTO t VALUES (3)`, "", true},
		{"the commit fails alone", `INSERT INTO t VALUES (3), (3)`, nil, "", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told = ""
			for range 2 { // the second time statements are prepared
				if _, err := p.Exec(t.Context(), `DELETE FROM t`); err != nil {
					t.Fatal(err)
				}
				err := db.TxBatch(t.Context(), p, func(b *pgx.Batch) { b.Queue(tc.first) }, func(tx pgx.Tx) error {
					db.Announce(tx, "outbox")
					if tc.then != nil || tc.last == "" {
						return tc.then
					}
					var b pgx.Batch
					b.Queue(tc.last)
					return db.Last(t.Context(), tx, &b)
				})
				if (err != nil) != tc.fails {
					t.Errorf("%v, fails: %v", err, tc.fails)
				}
				var rows string
				if err := p.QueryRow(t.Context(), `SELECT coalesce(string_agg(n::text, '' ORDER BY n), '') FROM t`).Scan(&rows); err != nil || rows+told != tc.want {
					t.Errorf("%q, %v; want %q", rows+told, err, tc.want)
				}
			}
			if n := p.Stat().AcquiredConns(); n != 0 {
				t.Errorf("%d connections were not given back", n)
			}
		})
	}
}

// TestUUIDs are sent as whatever a statement takes them for.
func TestUUIDs(t *testing.T) {
	t.Parallel()
	p := open(t, platformtest.EmptyDatabase(t), 1)
	id, none := uuid.New(), (*uuid.UUID)(nil)
	var got string
	err := p.QueryRow(t.Context(), `SELECT concat_ws(' ', $1::uuid, $2::text, ($3::uuid[])[1], $4::uuid, $5::uuid)`, id, id, []uuid.UUID{id}, &id, none).Scan(&got)
	if want := strings.TrimSpace(strings.Repeat(id.String()+" ", 4)); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
