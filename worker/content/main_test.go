package content_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

func TestMain(m *testing.M) {
	if asked := os.Getenv(dying); asked != "" {
		die(asked)
	}
	platformtest.Main(m)
}

// module returns a folder as a copy that may be changed.
func module(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	fsys := os.DirFS(dir)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		files[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// edit replaces a text of a file that must be there.
func edit(t testing.TB, files fstest.MapFS, name, old, new string) {
	t.Helper()
	text := string(files[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %q", name, old)
	}
	files[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
}

// uploaded stores a folder as an author's upload of that module and version.
func uploaded(t testing.TB, p *platform.Platform, key, number string, files fstest.MapFS) uuid.UUID {
	t.Helper()
	s := source.Source{Module: key, Version: number}
	for name, f := range files {
		sum := sha256.Sum256(f.Data)
		s.Files = append(s.Files, source.File{Path: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(f.Data))})
		_, err := p.DB.Exec(t.Context(), `INSERT INTO blobs (sha256, size, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, sum[:], len(f.Data), f.Data)
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := source.Keep(t.Context(), p.DB, s, platformtest.Operator(t, p).ID)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// process runs the job on a folder of instrument 0.1.0.
func process(t *testing.T, p *platform.Platform, files fstest.MapFS, activate bool) error {
	t.Helper()
	return run(t.Context(), p, uploaded(t, p, "instrument", "0.1.0", files), activate)
}

func run(ctx context.Context, p *platform.Platform, id uuid.UUID, activate bool) error {
	return content.Jobs{DB: p.DB, Images: optimise.Here{}}.ProcessModule(ctx, job.ProcessModule{Source: id, Activate: activate})
}

// tables are those that the job writes to.
func tables() []string {
	return []string{"modules", "content_versions", "lesson_ids", "lessons", "media"}
}

func rows(t *testing.T, p *platform.Platform, table string) (n int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantNothing(t *testing.T, p *platform.Platform) {
	t.Helper()
	for _, table := range tables() {
		if n := rows(t, p, table); n != 0 {
			t.Errorf("%s has %d rows, want none", table, n)
		}
	}
}

// active returns the active version of a module.
func active(t *testing.T, p *platform.Platform, key string) *version.Version {
	t.Helper()
	v, err := version.Active(t.Context(), p.Memory, p.DB, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
