package postgres_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pilothandbook/platform/local/postgres"
)

func TestStartQueryStop(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name        string
		options     postgres.Options
		fsync       string
		connections string
	}{
		{"throw-away", postgres.Options{}, "off", "100"},
		{"durable", postgres.Options{Durable: true, MaxConnections: 12}, "on", "12"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, tc.options)
			for sql, want := range map[string]string{
				"SHOW fsync":                                     tc.fsync,
				"SHOW synchronous_commit":                        tc.fsync,
				"SHOW full_page_writes":                          tc.fsync,
				"SHOW max_connections":                           tc.connections,
				"SHOW listen_addresses":                          "",
				"SELECT extract(timezone FROM now())::int::text": "0",
				"SHOW server_encoding":                           "UTF8",
				"SHOW data_directory":                            s.Data(),
				"SELECT current_user":                            "postgres",
			} {
				got := ask(t, s.URL("postgres"), sql)
				if got != want {
					t.Errorf("%s: got %q, want %q", sql, got, want)
				}
			}
			if got := s.Binaries(); !strings.Contains(got, "(PostgreSQL ") {
				t.Errorf("binaries: got %q, want folder and version", got)
			}
			socket := socketFolder(t, s.URL("postgres"))
			stop(t, s)
			stop(t, s)
			if !gone(socket) || !gone(s.Data()) {
				t.Errorf("left behind: %s or %s", socket, s.Data())
			}
		})
	}
}

func socketFolder(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	dir := u.Query().Get("host")
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("socket folder: got mode %o, want 700", got)
	}
	return dir
}

func TestDataIsKept(t *testing.T) {
	t.Parallel()

	data := filepath.Join(openDir(t), "a", "data")
	s := start(t, postgres.Options{Data: data, Durable: true})
	ask(t, s.URL("postgres"), "CREATE DATABASE book")
	ask(t, s.URL("book"), "CREATE TABLE page AS SELECT 'one'::text AS name")
	stop(t, s)

	s = start(t, postgres.Options{Data: data, Durable: true})
	if got, want := ask(t, s.URL("book"), "SELECT name FROM page"), "one"; got != want {
		t.Errorf("after a restart: got %q, want %q", got, want)
	}
	if s.Data() != data {
		t.Errorf("data folder: got %s, want %s", s.Data(), data)
	}
}

// A copy begins with what its model had, and changes it no more.
func TestLike(t *testing.T) {
	t.Parallel()
	model := start(t, postgres.Options{Data: filepath.Join(openDir(t), "model")})
	ask(t, model.URL("postgres"), `CREATE DATABASE lessons`)
	stop(t, model)
	for range 2 {
		s := start(t, postgres.Options{Like: model.Data()})
		if got := ask(t, s.URL("lessons"), `SELECT current_database()`); got != "lessons" {
			t.Errorf("got %q", got)
		}
		ask(t, s.URL("postgres"), `DROP DATABASE lessons`)
		stop(t, s)
	}
}

func TestPostmasterKilled(t *testing.T) {
	t.Parallel()

	data := filepath.Join(openDir(t), "data")
	s := start(t, postgres.Options{Data: data, Durable: true})
	ask(t, s.URL("postgres"), "CREATE TABLE page AS SELECT 'one'::text AS name")
	socket := filepath.Join(socketFolder(t, s.URL("postgres")), ".s.PGSQL.5432")
	if err := postmaster(t, data).Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return !dial(socket) })
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("stop after a kill: got %v, want the reason", err)
	}

	s = start(t, postgres.Options{Data: data, Durable: true})
	if got, want := ask(t, s.URL("postgres"), "SELECT name FROM page"), "one"; got != want {
		t.Errorf("after a crash: got %q, want %q", got, want)
	}
}

// A process that is killed leaves a clean data folder, and until then nobody
// else gets it.
func TestParentKilled(t *testing.T) {
	t.Parallel()

	data := filepath.Join(openDir(t), "data")
	parent, address := child(t, data)
	ask(t, address, "CREATE TABLE page AS SELECT 'one'::text AS name")

	_, err := postgres.Start(t.Context(), postgres.Options{Data: data})
	var held *postgres.Held
	if !errors.As(err, &held) {
		t.Fatalf("second start: got %v, want *Held", err)
	}
	if held.PID != parent.Process.Pid || held.Since.IsZero() || held.Data != data {
		t.Errorf("held: got %+v, want process %d and data %s", held, parent.Process.Pid, data)
	}
	if want := fmt.Sprintf("%s is in use by process %d since 20", data, held.PID); !strings.Contains(err.Error(), want) {
		t.Errorf("held: got %q, want %q", err, want)
	}

	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // "signal: killed"
	left := socketFolder(t, address)
	long := time.Now().Add(-time.Hour)
	until(t, func() bool { return gone(pidFile(data)) })
	if err := os.Chtimes(left, long, long); err != nil {
		t.Fatal(err)
	}
	var log journal
	s := start(t, postgres.Options{Data: data, Durable: true, Log: &log})
	if got, want := ask(t, s.URL("postgres"), "SELECT name FROM page"), "one"; got != want {
		t.Errorf("after the parent's end: got %q, want %q", got, want)
	}
	if strings.Contains(log.String(), "not properly shut down") {
		t.Errorf("the killed parent's server did not shut down cleanly:\n%s", &log)
	}
	if !gone(left) {
		t.Errorf("left behind: %s", left)
	}
}

func TestHeldInOneProcess(t *testing.T) {
	t.Parallel()

	data := filepath.Join(openDir(t), "data")
	s := start(t, postgres.Options{Data: data})
	alias := filepath.Join(openDir(t), "alias")
	if err := os.Symlink(data, alias); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{data, alias} {
		_, err := postgres.Start(t.Context(), postgres.Options{Data: name})
		var held *postgres.Held
		if !errors.As(err, &held) || held.PID != os.Getpid() {
			t.Errorf("%s: got %v, want held by process %d", name, err, os.Getpid())
		}
	}
	stop(t, s)
	stop(t, start(t, postgres.Options{Data: alias}))
}

// The number of a killed server may belong to another program by the next start.
func TestProcessNumberUsedAgain(t *testing.T) {
	t.Parallel()

	data := filepath.Join(openDir(t), "data")
	s := start(t, postgres.Options{Data: data})
	pid, err := os.ReadFile(pidFile(data))
	if err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	_, rest, _ := strings.Cut(string(pid), "\n")
	if err := os.WriteFile(pidFile(data), fmt.Appendf(nil, "%d\n%s", os.Getpid(), rest), 0o666); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, postgres.Options{Data: data}))
}

func TestEarlyDeathCarriesTheReason(t *testing.T) {
	t.Parallel()

	data := filepath.Join(openDir(t), "data")
	stop(t, start(t, postgres.Options{Data: data}))
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(f, "no_such_setting = 1"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Start(t.Context(), postgres.Options{Data: data})
	if err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("got %v, want what postgres said", err)
	}
}

func TestDataOfAnotherVersionAndNoBinaries(t *testing.T) {
	t.Parallel()

	data := openDir(t)
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("14\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), postgres.Options{Data: data, Places: &postgres.Places{Npm: "npm"}})
	if want := "npm: fetches PostgreSQL 18, but " + data + " was made by 14"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestForeignFolders(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, file, content, want string }{
		{"other major version", "PG_VERSION", "12\n", "was made by PostgreSQL 12, but found is PostgreSQL 17.1 in "},
		{"version of the package", "PG_VERSION", "18\n", "was made by PostgreSQL 18, but found is PostgreSQL 17.1 in "},
		{"somebody's files", "letter.txt", "dear", "is not empty and holds no PostgreSQL data"},
		{"unreadable version", "PG_VERSION", "twelve", "version of the data folder"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			data := openDir(t)
			file := filepath.Join(data, tc.file)
			if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			places := &postgres.Places{Folders: []string{claims(t, "17.1")}}
			_, err := postgres.Start(t.Context(), postgres.Options{Data: data, Places: places})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if got, _ := os.ReadFile(file); string(got) != tc.content {
				t.Errorf("%s was changed", tc.file)
			}
		})
	}
}

// Only root has a server that runs as someone else, so only root needs
// another folder when the wanted one is closed.
func TestClosedParent(t *testing.T) {
	t.Parallel()

	closed := filepath.Join(openDir(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	wanted := filepath.Join(closed, "data")
	s := start(t, postgres.Options{Data: wanted})
	data := s.Data()
	stop(t, s)
	if os.Geteuid() != 0 {
		if data != wanted {
			t.Errorf("data folder: got %s, want %s", data, wanted)
		}
		return
	}
	t.Cleanup(func() {
		_ = os.RemoveAll(data)
		_ = os.Remove(data + ".lock")
	})
	if filepath.Dir(data) != "/var/lib/handbook" {
		t.Errorf("data folder: got %s, want one in /var/lib/handbook", data)
	}
	again := start(t, postgres.Options{Data: wanted})
	if again.Data() != data {
		t.Errorf("data folder of the second start: got %s, want %s", again.Data(), data)
	}
	stop(t, again)
}
