package content_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestProcessModule(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	if err := process(t, p, module(t, "testdata/module"), false); err != nil {
		t.Fatal(err)
	}
	platformtest.Golden(t, "version.json", dump(t, p, `
		SELECT module_id, version, revision, checksum, changelog, is_active, title, summary, includes, size, component_count FROM content_versions`))
	platformtest.Golden(t, "modules.json", dump(t, p, `SELECT key, title, summary, price, currency, includes FROM modules`))
	platformtest.Golden(t, "lessons.json", dump(t, p, `
		SELECT lesson_id, module_key, position, title, summary, preview, dated, words, acs, sources, headings, html FROM lessons ORDER BY position`))
	platformtest.Golden(t, "media.json", dump(t, p, `
		SELECT path, encode(sha256, 'hex') AS sha256, content_type, width, height, preview FROM media ORDER BY path`))
}

// dump returns the rows of a query as JSON.
func dump(t *testing.T, p *platform.Platform, sql string) string {
	t.Helper()
	var rows []map[string]any
	if err := p.DB.QueryRow(t.Context(), `SELECT json_agg(r) FROM (`+sql+`) r`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestContent publishes what the handbook ships.
func TestContent(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	dirs, err := filepath.Glob("../../content/*/module.yaml")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("modules under content: %d, %v", len(dirs), err)
	}
	loads := map[string]int{}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		m, faults := manuscript.Read(os.DirFS(dir))
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		id := uploaded(t, p, m.Key, m.Version, module(t, dir))
		if err := run(t.Context(), p, id, true); err != nil {
			t.Fatal(err)
		}
		v := active(t, p, m.Key)
		if diff := cmp.Diff(m.Includes, v.Includes, cmp.Transformer("", func(s []string) string { return fmt.Sprint(s) })); diff != "" {
			t.Errorf("%s includes (-want +got):\n%s", m.Key, diff)
		}
		outline, err := version.Outline(t.Context(), p.DB, v.ID)
		if err != nil || len(outline) != len(m.Lessons) {
			t.Errorf("%s has %d lessons, %v; want %d", m.Key, len(outline), err, len(m.Lessons))
		}
		wantWhole(t, p, *v, loads)
	}
	for _, what := range []string{"img src", "script"} {
		if loads[what] == 0 {
			t.Errorf("no lesson loads anything by %s: %v", what, loads)
		}
	}
	wantImages(t, p)
}

// wantImages checks that every image of a lesson is among the media of its
// version, and that free lessons show free images.
func wantImages(t *testing.T, p *platform.Platform) {
	t.Helper()
	var shown, known, free int
	err := p.DB.QueryRow(t.Context(), `
		SELECT count(*), count(m.path), count(*) FILTER (WHERE l.preview = m.preview OR m.preview)
		FROM lessons l
		CROSS JOIN LATERAL regexp_matches(l.html, 'src="/media/([a-z_]+)/([0-9a-f]{64})\.[a-z]+"', 'g') src
		LEFT JOIN media m ON m.version_id = l.version_id AND l.module_key = src[1] AND encode(m.sha256, 'hex') = src[2]`).Scan(&shown, &known, &free)
	if err != nil {
		t.Fatal(err)
	}
	if shown == 0 || known != shown || free != shown {
		t.Errorf("lessons show %d images, %d are known, %d free where they must be", shown, known, free)
	}
}

func TestSameSource(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	id := uploaded(t, p, "instrument", "0.1.0", module(t, "testdata/module"))
	var g errgroup.Group
	for range 4 {
		g.Go(func() error { return run(t.Context(), p, id, true) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"modules": 1, "content_versions": 1, "lesson_ids": 2, "lessons": 2, "media": 3, "renditions": 3}
	for table, n := range want {
		if got := rows(t, p, table); got != n {
			t.Errorf("%s has %d rows, want %d", table, got, n)
		}
	}
}

func TestVersionNeverChanges(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	if err := process(t, p, files, true); err != nil {
		t.Fatal(err)
	}
	before := active(t, p, "instrument").Checksum
	edit(t, files, "lessons/airspeed.mdx", "pressures", "forces")
	err := process(t, p, files, true)
	if err == nil || !strings.Contains(err.Error(), "Raise the version in module.yaml") {
		t.Errorf("got %v, want advice to raise the version", err)
	}
	if n := rows(t, p, "content_versions"); n != 1 {
		t.Errorf("%d versions, want 1", n)
	}
	if got := active(t, p, "instrument").Checksum; got != before {
		t.Errorf("the checksum became %s", got)
	}
}

func TestPriceOfFirstPublicationStays(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	if err := process(t, p, files, true); err != nil {
		t.Fatal(err)
	}
	edit(t, files, "module.yaml", "price: 4900", "price: 9900")
	edit(t, files, "module.yaml", "0.1.0", "0.2.0")
	edit(t, files, "module.yaml", "Two short lessons", "Two lessons")
	if err := run(t.Context(), p, uploaded(t, p, "instrument", "0.2.0", files), true); err != nil {
		t.Fatal(err)
	}
	var price int
	var title string
	if err := p.DB.QueryRow(t.Context(), `SELECT price, title FROM modules`).Scan(&price, &title); err != nil {
		t.Fatal(err)
	}
	if price != 4900 || title != "Two lessons" {
		t.Errorf("the module %q costs %d, want %q for 4900", title, price, "Two lessons")
	}
}

func TestChecksum(t *testing.T) {
	t.Parallel()

	sum := func(old, new string) string {
		p := platformtest.New(t)
		files := module(t, "testdata/module")
		edit(t, files, "lessons/airspeed.mdx", old, new)
		if err := process(t, p, files, true); err != nil {
			t.Fatal(err)
		}
		return active(t, p, "instrument").Checksum
	}
	same, again, other := sum("It", "It"), sum("It", "It"), sum("It", "This")
	if same != again || same == other {
		t.Errorf("checksums %s, %s of one text, %s of another", same, again, other)
	}
}

func TestMissingBlobIsNoFaultOfTheAuthor(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	id := uploaded(t, p, "instrument", "0.1.0", module(t, "testdata/module"))
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM blobs`); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), p, id, false)
	if err == nil || !strings.HasPrefix(err.Error(), "blob ") {
		t.Errorf("got %v, want what happened to the blob", err)
	}
	wantNothing(t, p)
}

func TestUnknownSource(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	if err := run(t.Context(), p, uuid.New(), false); err == nil || !strings.Contains(err.Error(), "no such source") {
		t.Errorf("got %v, want no such source", err)
	}
}

// TestStoppedInTheMiddle ends the job while it has written most of a version.
func TestStoppedInTheMiddle(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	id := uploaded(t, p, "instrument", "0.1.0", module(t, "testdata/module"))
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `LOCK TABLE media IN EXCLUSIVE MODE`); err != nil {
			return err
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, p, id, true) }()
		for stuck := false; !stuck; time.Sleep(10 * time.Millisecond) {
			if err := tx.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'media'::regclass AND NOT granted)`).Scan(&stuck); err != nil {
				return err
			}
		}
		stop()
		if err := <-ended; err == nil {
			t.Error("the job that was stopped ended well")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNothing(t, p)
	if err := run(t.Context(), p, id, true); err != nil {
		t.Fatal(err)
	}
	if n := rows(t, p, "media"); n != 3 {
		t.Errorf("the next run stored %d images, want 3", n)
	}
}
