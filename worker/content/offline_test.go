package content_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/content"
)

// edition publishes a version of the instrument module with these lessons.
func edition(t *testing.T, p *platform.Platform, number string, lessons ...string) version.Version {
	t.Helper()
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, lessons...)
	v.Version.Version = number
	return platformtest.Publish(t, p, v)
}

func pack(ctx context.Context, p *platform.Platform, id uuid.UUID) error {
	return content.Jobs{DB: p.DB, Keyring: offline.Keyring(p.Config)}.GenerateOfflinePackage(ctx, job.GenerateOfflinePackage{Version: id})
}

// stored returns the manifest of a version's package; "" is none.
func stored(t *testing.T, p *platform.Platform, id uuid.UUID) string {
	t.Helper()
	return platformtest.Text(t, p, `SELECT coalesce((SELECT convert_from(manifest, 'UTF8') FROM packages WHERE version_id = $1), '')`, id)
}

func TestPackage(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	if err := process(t, p, module(t, "testdata/module"), true); err != nil {
		t.Fatal(err)
	}
	v := active(t, p, "instrument")
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox WHERE kind = 'generate-offline-package' AND payload ->> 'version' = $1::uuid::text`, v.ID); n != "1" {
		t.Fatalf("%s jobs make the package", n)
	}
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	first := stored(t, p, v.ID)
	var m offline.Manifest
	if err := json.Unmarshal([]byte(first), &m); err != nil {
		t.Fatal(err)
	}
	if m.Module != "instrument" || m.Version != "0.1.0" || m.Checksum != v.Checksum || len(m.Files) != 2+3+1 { // one image comes in two formats
		t.Errorf("%+v", m)
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM package_files WHERE version_id = $1`, v.ID); n != "6" {
		t.Errorf("%s files", n)
	}
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	platformtest.Exec(t, p, `DELETE FROM packages`)
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, stored(t, p, v.ID)); diff != "" {
		t.Errorf("the same version gives another package:\n%s", diff)
	}
	loads := map[string]int{}
	wantWhole(t, p, *v, loads)
	if loads["source srcset"] == 0 {
		t.Errorf("no lesson offers an image in several formats: %v", loads)
	}
	if err := pack(t.Context(), p, uuid.New()); err == nil || !strings.Contains(err.Error(), "There is no such version") {
		t.Errorf("of no version: %v", err)
	}
}

// TestOnlyWhatChanged: what a package has is not sealed again for the next.
func TestOnlyWhatChanged(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	first := edition(t, p, "1.0.0", "holding", "vor-and-hsi")
	if err := pack(t.Context(), p, first.ID); err != nil {
		t.Fatal(err)
	}
	platformtest.Exec(t, p, `UPDATE package_files SET sealed_sha256 = sha256(path::bytea)`) // as nothing is sealed in truth
	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi", "dme-arcs")
	next.Version.Version = "1.1.0"
	next.Lessons[1].HTML += "<p>More.</p>"
	v := platformtest.Publish(t, p, next)
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	changed := platformtest.Text(t, p, `
		SELECT string_agg(left(path, 25), ' ' ORDER BY path)
		FROM package_files
		WHERE version_id = $1 AND sealed_sha256 <> sha256(path::bytea) AND path NOT LIKE 'media/%'`, v.ID)
	if changed != "lessons/dme-arcs.json lessons/vor-and-hsi.json outline.json" {
		t.Errorf("sealed: %s", changed)
	}
	figures := platformtest.Text(t, p, `
		SELECT count(*)::text
		FROM package_files
		WHERE version_id = $1 AND sealed_sha256 <> sha256(path::bytea) AND path LIKE 'media/%'`, v.ID)
	if figures != "1" {
		t.Errorf("%s figures were sealed", figures)
	}
}

// TestLostKey: without the key that wrapped the module's there is no package,
// rather than one that nobody can open.
func TestLostKey(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	first := packed(t, p)
	v := edition(t, p, "1.1.0", "holding")
	lost := *p.Config
	lost.ContentEncryptionKey = "next:lTPdYMjs8BfTvCnWfdbM3SSLXcKyhZTeBIWaRhfU2nA="
	if err := pack(t.Context(), platformtest.Open(t, &lost), v.ID); err == nil || !strings.Contains(err.Error(), `the key "tests" is not in CONTENT_ENCRYPTION_KEY`) {
		t.Error(err)
	}
	if stored(t, p, v.ID) != "" || stored(t, p, first.ID) == "" {
		t.Error("the packages are not as they were")
	}
}

// packed publishes a first version, with its package.
func packed(t *testing.T, p *platform.Platform) version.Version {
	t.Helper()
	v := edition(t, p, "1.0.0", "holding")
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestNoRoom: where PostgreSQL has no room the job fails with its words, the
// old package stays, and it is made once there is room again.
func TestNoRoom(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	first := packed(t, p)
	before := stored(t, p, first.ID)
	v := edition(t, p, "1.1.0", "holding", "vor-and-hsi")
	platformtest.Exec(t, p, `
		CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
	for _, table := range []string{"blobs", "packages", "package_files"} {
		platformtest.Exec(t, p, `CREATE TRIGGER full_disk BEFORE INSERT ON `+table+` FOR EACH ROW EXECUTE FUNCTION full_disk()`)
		if err := pack(t.Context(), p, v.ID); err == nil || !strings.Contains(err.Error(), "No space left on device") {
			t.Errorf("%s: %v", table, err)
		}
		if stored(t, p, v.ID) != "" || stored(t, p, first.ID) != before {
			t.Errorf("%s: the packages are not as they were", table)
		}
		platformtest.Exec(t, p, `DROP TRIGGER full_disk ON `+table)
	}
	if err := pack(t.Context(), p, v.ID); err != nil || stored(t, p, v.ID) == "" {
		t.Error(err)
	}
}

// dying is the variable that makes this program a worker that dies: it holds
// the database, the version, the step after which it kills itself, and the
// piece of a blob before which it does.
const dying = "HANDBOOK_TEST_DYING"

// pieces counts the pieces of blobs that are read.
type pieces struct {
	db.Querier
	read   int
	before func(piece int)
}

func (p *pieces) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if strings.Contains(sql, "substring(body") {
		p.read++
		p.before(p.read)
	}
	return p.Querier.QueryRow(ctx, sql, args...)
}

// die makes a package up to a step: a file each, then the whole before it is
// written, then written but not committed. Or up to a piece of a file.
func die(asked string) {
	var url, id string
	var last, lastPiece int
	if _, err := fmt.Sscan(asked, &url, &id, &last, &lastPiece); err != nil {
		panic(err)
	}
	until := func(last int) func(now int) {
		return func(now int) {
			if now == last {
				self, _ := os.FindProcess(os.Getpid())
				_ = self.Kill()
				select {}
			}
		}
	}
	step := until(last)
	cfg := &config.Config{DatabaseURL: config.Secret(url), DatabaseMaxConns: 2, ContentEncryptionKey: platformtest.ContentKey}
	p, err := platform.Open(cfg, config.Web, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	q := &pieces{Querier: p.DB, before: until(lastPiece)}
	made, err := offline.Make(context.Background(), q, offline.Keyring(cfg), uuid.MustParse(id), func(done, _ int) error { step(done); return nil })
	if err != nil {
		panic(err)
	}
	step(len(made.Files) + 1)
	err = db.Tx(context.Background(), p.DB, func(tx pgx.Tx) error {
		err := offline.Insert(context.Background(), tx, made)
		step(len(made.Files) + 2)
		return err
	})
	fmt.Println("it lives", err)
	os.Exit(0)
}

// TestKilled kills whoever makes a package after every step, and within a file
// that is sealed in several chunks. Nothing half is ever seen, the old package
// stays, and in the end the package is the same as if nobody had died.
func TestKilled(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	first := packed(t, p)
	before := stored(t, p, first.ID)
	v := large(t, p, "1.1.0")
	count := &pieces{Querier: p.DB, before: func(int) {}}
	undisturbed, err := offline.Make(t.Context(), count, offline.Keyring(p.Config), v.ID, func(int, int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if count.read <= len(undisturbed.Files) {
		t.Fatalf("%d files are read in %d pieces", len(undisturbed.Files), count.read)
	}
	killed := func(step, piece int) {
		t.Helper()
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") // TestMain asks for the variable
		c.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d %d", dying, p.Config.DatabaseURL.Reveal(), v.ID, step, piece))
		out, err := c.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != -1 {
			t.Fatalf("step %d, piece %d: it was not killed: %v\n%s", step, piece, err, out)
		}
		if stored(t, p, v.ID) != "" || stored(t, p, first.ID) != before || platformtest.Text(t, p, `SELECT count(*)::text FROM package_files WHERE version_id = $1`, v.ID) != "0" {
			t.Errorf("step %d, piece %d: the packages are not as they were", step, piece)
		}
	}
	for step := 1; step <= len(undisturbed.Files)+2; step++ {
		killed(step, 0)
	}
	for piece := 1; piece <= count.read; piece++ {
		killed(0, piece)
	}
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(undisturbed.Manifest)
	if err != nil || !bytes.Equal(want, []byte(stored(t, p, v.ID))) {
		t.Errorf("the package is another one: %v", err)
	}
}

// large publishes a version with an image of several chunks.
func large(t *testing.T, p *platform.Platform, number string) version.Version {
	t.Helper()
	pub := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi")
	pub.Version.Version = number
	body := bytes.Repeat([]byte("large "), 3*seal.Chunk/6+1)
	pub.Media = append(pub.Media, version.Medium{Path: "media/large.png", SHA256: sha256.Sum256(body), ContentType: "image/png", Size: int64(len(body)), Body: body})
	return platformtest.Publish(t, p, pub)
}

// TestPackedAtOnce has several jobs make the package of one version at once:
// none fails, and there is one package.
func TestPackedAtOnce(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	v := large(t, p, "1.0.0")
	var jobs errgroup.Group
	for range 4 {
		jobs.Go(func() error { return pack(t.Context(), p, v.ID) })
	}
	if err := jobs.Wait(); err != nil {
		t.Fatal(err)
	}
	at := stored(t, p, v.ID)
	files := platformtest.Text(t, p, `SELECT count(*)::text FROM package_files`)
	platformtest.Exec(t, p, `DELETE FROM packages`)
	made, err := offline.Make(t.Context(), p.DB, offline.Keyring(p.Config), v.ID, func(int, int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(made.Manifest)
	if err != nil || at != string(want) || files != strconv.Itoa(len(made.Files)) {
		t.Errorf("%s files, %v; the package is\n%s, alone it is\n%s", files, err, at, want)
	}
}
