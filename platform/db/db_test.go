package db_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func open(t *testing.T, url string, conns int32) *db.Pool {
	t.Helper()
	p, err := db.Open(db.Options{URL: url, MaxConns: conns, StatementTimeout: 5 * time.Second, Log: platformtest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(3 * time.Second) })
	return p
}

func TestFigures(t *testing.T) {
	t.Parallel()
	c := open(t, platformtest.EmptyDatabase(t), 4).Config()
	if c.MaxConns != 4 || c.MinConns != 0 || c.MinIdleConns != 0 {
		t.Errorf("connections %d, at least %d, idle %d; want 4, 0, 0", c.MaxConns, c.MinConns, c.MinIdleConns)
	}
	if c.ConnConfig.ConnectTimeout != 5*time.Second {
		t.Errorf("connect time-out %v, want 5 s", c.ConnConfig.ConnectTimeout)
	}
	if c.MaxConnIdleTime != 30*time.Second {
		t.Errorf("idle time %v, want 30 s", c.MaxConnIdleTime)
	}
	if got := c.ConnConfig.RuntimeParams["statement_timeout"]; got != "5000" {
		t.Errorf("statement time-out %q, want 5000", got)
	}
}

func TestConnectionIsClosedAfterItsUses(t *testing.T) {
	t.Parallel()
	p := open(t, platformtest.EmptyDatabase(t), 1)
	pid := func() (n int) {
		if err := p.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := pid()
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	uses := 2
	for good := true; good; uses++ {
		if good, err = p.Config().PrepareConn(t.Context(), c.Conn()); err != nil {
			t.Fatal(err)
		}
	}
	c.Release()
	if uses-1 != 7500 {
		t.Errorf("the connection was good for %d uses, want 7,500", uses-1)
	}
	if pid() == first {
		t.Error("the connection lives on")
	}
}

func TestAcquireIsBounded(t *testing.T) {
	t.Parallel()
	p := open(t, platformtest.EmptyDatabase(t), 1)
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Release)
	for name, ask := range map[string]func() error{
		"Exec":     func() error { _, err := p.Exec(t.Context(), `SELECT 1`); return err },
		"Query":    func() error { _, err := p.Query(t.Context(), `SELECT 1`); return err },
		"QueryRow": func() error { return p.QueryRow(t.Context(), `SELECT 1`).Scan(new(int)) },
		"Tx":       func() error { return db.Tx(t.Context(), p, func(pgx.Tx) error { return nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := ask(); !db.Gone(err) {
				t.Errorf("without a free connection: %v", err)
			}
		})
	}
}

func TestConnectionsComeBack(t *testing.T) {
	t.Parallel()
	p := open(t, platformtest.EmptyDatabase(t), 2)
	for range 20 {
		rows, err := p.Query(t.Context(), `SELECT generate_series(1, 3)`)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pgx.CollectRows(rows, pgx.RowTo[int]); err != nil || len(got) != 3 {
			t.Fatalf("%v, %v", got, err)
		}
		if _, err := p.Query(t.Context(), `SELECT nonsense`); err == nil {
			t.Fatal("no error")
		}
		_ = p.QueryRow(t.Context(), `SELECT 1/0`).Scan(new(int))
	}
	if n := p.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections were not given back", n)
	}
}

func TestTx(t *testing.T) {
	t.Parallel()
	p := open(t, platformtest.EmptyDatabase(t), 2)
	var told []string
	p.OnCommit(func(topic string) { told = append(told, topic) })
	if _, err := p.Exec(t.Context(), `CREATE TABLE t (n int)`); err != nil {
		t.Fatal(err)
	}
	insert := func(fail error) error {
		return db.Tx(t.Context(), p, func(tx pgx.Tx) error {
			db.Announce(tx, "outbox")
			if _, err := tx.Exec(t.Context(), `INSERT INTO t VALUES (1)`); err != nil {
				return err
			}
			return fail
		})
	}
	refused := errors.New("no")
	if err := insert(refused); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if err := insert(nil); err != nil {
		t.Error(err)
	}
	var n int
	if err := p.QueryRow(t.Context(), `SELECT count(*) FROM t`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v; want 1", n, err)
	}
	if len(told) != 1 {
		t.Errorf("told %q, want the one commit", told)
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	admin := open(t, platformtest.EmptyDatabase(t), 1)
	p := open(t, platformtest.EmptyDatabase(t), 1)
	t.Run("terminated", func(t *testing.T) {
		err := db.Tx(t.Context(), p, func(tx pgx.Tx) error {
			var pid int
			if err := tx.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
				return err
			}
			if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend($1)`, pid); err != nil {
				return err
			}
			for {
				if _, err := tx.Exec(t.Context(), `SELECT 1`); err != nil {
					return err
				}
			}
		})
		if !db.Gone(err) {
			t.Errorf("a terminated connection: %v", err)
		}
		var n int
		if err := p.QueryRow(t.Context(), `SELECT 1`).Scan(&n); err != nil {
			t.Errorf("the next query: %v", err)
		}
	})
	t.Run("read-only", func(t *testing.T) {
		err := db.Tx(t.Context(), p, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `SET TRANSACTION READ ONLY`); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `CREATE TABLE t (n int)`)
			return err
		})
		if !db.Gone(err) {
			t.Errorf("a read-only server: %v", err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		nobody := open(t, "postgres://127.0.0.1:1/x", 1)
		if _, err := nobody.Exec(t.Context(), `SELECT 1`); !db.Gone(err) {
			t.Errorf("got %v", err)
		}
	})
	for name, err := range map[string]error{"nil": nil, "cancelled": context.Canceled, "no rows": pgx.ErrNoRows} {
		if db.Gone(err) {
			t.Errorf("%s counts as gone", name)
		}
	}
}

func TestURLIsNotShown(t *testing.T) {
	t.Parallel()
	_, err := db.Open(db.Options{URL: "postgres://user:hidden@host:notaport/x"})
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := platformtest.EmptyDatabase(t)
	files := fstest.MapFS{
		"0001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\n")},
		"0002_b.sql": {Data: []byte("-- +goose Up\nINSERT INTO a VALUES (2);\n")},
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	applied := 0
	for range 4 {
		all.Go(func() {
			n, err := db.Migrate(t.Context(), url, files, slog.New(slog.DiscardHandler))
			mu.Lock()
			defer mu.Unlock()
			applied += n
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	p := open(t, url, 1)
	at, err := db.Version(t.Context(), p)
	if err != nil || at != 2 || applied != 2 {
		t.Errorf("at version %d (%v) after %d migrations, want 2 and 2", at, err, applied)
	}
}

// A migration gives up a table that somebody holds for long, before requests
// have piled up behind it. Nothing of it is left, and the next try succeeds.
func TestMigrateHeldTable(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), platformtest.EmptyDatabase(t)
	files := fstest.MapFS{"0001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\n")}}
	migrate := func() (int, error) { return db.Migrate(ctx, url, files, slog.New(slog.DiscardHandler)) }
	if _, err := migrate(); err != nil {
		t.Fatal(err)
	}
	files["0002_b.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE b (n int);\nUPDATE a SET n = 2;\nALTER TABLE a ADD COLUMN m int NOT NULL DEFAULT 3;\n")}
	files["0003_c.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE c (n int);\n")}
	p := open(t, url, 2)
	stands := func(want string) {
		t.Helper()
		var got string
		err := p.QueryRow(ctx, `
			SELECT concat_ws(' ', (SELECT json_agg(a) FROM a), to_regclass('b'), to_regclass('c'), (SELECT max(version_id) FROM goose_db_version))`).Scan(&got)
		if err != nil || got != want {
			t.Errorf("there is %q, %v; want %q", got, err, want)
		}
	}

	err := db.Tx(ctx, p, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE a IN ACCESS SHARE MODE`); err != nil { // as every request does that reads it
			return err
		}
		began := time.Now()
		n, err := migrate()
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "55P03" || n != 0 {
			t.Errorf("%d migrations, %v; want none, as the lock was not given", n, err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it gave up after %v", took)
		}
		stands(`[{"n":1}] 1`) // while it is held still
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := migrate(); n != 2 || err != nil {
		t.Errorf("afterwards: %d migrations, %v", n, err)
	}
	stands(`[{"n":2,"m":3}] b c 3`)
}

// A server that accepts and then says nothing is gone, whoever waits for it.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	p, err := db.Open(db.Options{URL: platformtest.EmptyDatabase(t), MaxConns: 2, Patience: 300 * time.Millisecond, Log: platformtest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(3 * time.Second) })
	for name, ask := range map[string]func() error{
		"Exec":     func() error { _, err := p.Exec(t.Context(), `SELECT pg_sleep(60)`); return err },
		"QueryRow": func() error { return p.QueryRow(t.Context(), `SELECT pg_sleep(60)::text`).Scan(new(string)) },
		"Query": func() error {
			rows, err := p.Query(t.Context(), `SELECT pg_sleep(60)::text`)
			if err == nil {
				_, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			return err
		},
	} {
		if err := ask(); !db.Gone(err) || db.Broken(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rows, err := p.Query(t.Context(), `SELECT 1 / (3 - n) FROM generate_series(1, 5) n`)
	if err == nil {
		_, err = pgx.CollectRows(rows, pgx.RowTo[int])
	}
	if err == nil || db.Gone(err) {
		t.Errorf("a query that fails halfway: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Exec(short, `SELECT pg_sleep(60)`); err == nil || db.Gone(err) {
		t.Errorf("a caller out of time: %v", err)
	}
}
