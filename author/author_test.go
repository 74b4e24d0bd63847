package author_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"pilothandbook/author"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/platformtest"
)

// TestPublish goes all the way from a folder to the version that is read.
func TestPublish(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	out, err := h.publish(t, dir, true)
	if err != nil {
		t.Fatal(err, out)
	}
	v, err := version.Active(t.Context(), h.p.Memory, h.p.DB, "instrument")
	if err != nil {
		t.Fatal(err)
	}
	n := files(t, dir)
	wantText(t, out, "2 lessons", fmt.Sprintf("%d files", n), fmt.Sprintf("sent %d of %d: ", n, n),
		"Published: instrument "+v.Version+", checksum "+v.Checksum, "It is active. Read it: "+h.url+"/modules/instrument\n")

	out, err = h.publish(t, dir, false)
	if err != nil {
		t.Fatal(err, out)
	}
	wantText(t, out, "Nothing new: instrument "+v.Version+", checksum "+v.Checksum, "It is active.")
	if puts, jobs := int(h.puts.Load()), h.rows(t, "outbox WHERE kind = 'process-module'"); puts != n || jobs != 1 {
		t.Errorf("%d files were sent, %d jobs; want %d and 1", puts, jobs, n)
	}
}

// TestNextVersion sends only what has changed.
func TestNextVersion(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	h.puts.Store(0)
	edit(t, dir, "module.yaml", "version: 0.1.0", "version: 0.2.0")
	out, err := h.publish(t, dir, false)
	if err != nil {
		t.Fatal(err, out)
	}
	wantText(t, out, "sent 1 of 1: module.yaml", "Published: instrument 0.2.0", "Preview it: "+h.url+"/previews/"+platformtest.Text(t, h.p, `SELECT id::text FROM content_versions WHERE version = '0.2.0'`)+"\n",
		"It is not active. Let readers have it: handbook versions --activate 0.2.0 instrument\n")
	if n := h.puts.Load(); n != 1 {
		t.Errorf("%d files were sent, want 1", n)
	}
	var listed bytes.Buffer
	o := h.options(&listed)
	for _, activate := range []string{"", "0.2.0", ""} {
		if err := author.Versions(t.Context(), o, "instrument", activate); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(listed.String(), "\n")
	for i, want := range []string{"VERSION  REVISION  ACTIVE", "0.2.0    1                 2", "0.1.0    1         active  2",
		"Active: instrument 0.2.0, checksum ", "Read it: ", "VERSION", "0.2.0    1         active  2", "0.1.0    1                 2"} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: %q, want %q…", i, lines[i], want)
		}
	}
	for i, number := range map[int]string{1: "0.2.0", 7: "0.1.0"} {
		if want := "  " + h.url + "/previews/" + platformtest.Text(t, h.p, `SELECT id::text FROM content_versions WHERE version = $1`, number); !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d: %q, want …%q", i, lines[i], want)
		}
	}
	if strings.Contains(lines[2]+lines[6], "/previews/") {
		t.Errorf("the active version has a preview:\n%s", listed.String())
	}
}

// TestFailedPublication: what a worker refused is listed, with why.
func TestFailedPublication(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	edit(t, dir, "module.yaml", "key: instrument", "key: private_commercial")
	_, err := h.publish(t, dir, true)
	wantError(t, err, "the module was not published")
	var listed bytes.Buffer
	if err := author.Versions(t.Context(), h.options(&listed), "private_commercial", ""); err != nil {
		t.Fatal(err)
	}
	wantText(t, listed.String(), "0.1.0, publication of 2", ": failed, and no version was made\n",
		`module.yaml:10: the id "altimeter" is that of a lesson of instrument`, `module.yaml:13: the id "airspeed" is that of a lesson of instrument`)
}

// TestContent publishes all that the handbook ships, the bundle first.
func TestContent(t *testing.T) {
	t.Parallel()

	h := newHandbook(t, nil)
	for _, name := range []string{"bundle", "instrument", "private_commercial"} {
		if out, err := h.publish(t, filepath.Join("../content", name), true); err != nil {
			t.Fatal(err, out)
		}
	}
	offers, err := version.Catalogue(t.Context(), h.p.DB)
	if err != nil || len(offers) != 3 {
		t.Fatalf("%d modules are offered, %v; want 3", len(offers), err)
	}
	if got := fmt.Sprint(offers[2].Includes, offers[2].Lessons); got != "[private_commercial instrument] 0" {
		t.Errorf("the bundle is %s", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	edit(t, dir, "lessons/airspeed.mdx", "It measures", "<Dial /> measures")
	edit(t, dir, "module.yaml", "price: 4900", "price: cheap")
	out, err := h.publish(t, dir, true)
	wantError(t, err, "has 2 faults; nothing was sent")
	wantText(t, out, filepath.Join(dir, "lessons", "airspeed.mdx")+":7:1: ", filepath.Join(dir, "module.yaml")+":5:8: ")
	if n := strings.Count(out, "\n"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, out)
	}
	for _, table := range []string{"blobs", "sources", "modules"} {
		if n := h.rows(t, table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}

func TestCheckSendsNothing(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	if err := author.Publish(t.Context(), author.Options{Check: true, Out: &out}, folder(t)); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), "instrument 0.1.0: 2 lessons, 5 files, ", "no faults.\n")
	wantError(t, author.Publish(t.Context(), author.Options{Check: true, Out: io.Discard}, filepath.Join(t.TempDir(), "nope")), "there is no folder")
}

// TestProgress prints how the job comes along, which is over too soon to be
// seen without being held up.
func TestProgress(t *testing.T) {
	t.Parallel()

	var asked atomic.Int64
	h := newHandbook(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/api/uploads/") {
			return false
		}
		n := (asked.Add(1) + 1) / 2 // each is told twice
		if n > 2 {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"state": "running", "progress": "%d of 2 lessons", "text": "At work: %d of 2 lessons."}`, n, n)
		return true
	})
	out, err := h.publish(t, folder(t), true)
	if err != nil {
		t.Fatal(err, out)
	}
	wantText(t, out, "\nAt work: 1 of 2 lessons.\nAt work: 2 of 2 lessons.\n", "Published: ")
}

// TestFaultsOnlyTheHandbookSees follows a job to its death.
func TestFaultsOnlyTheHandbookSees(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	edit(t, dir, "module.yaml", "key: instrument", "key: private_commercial")
	out, err := h.publish(t, dir, true)
	wantError(t, err, "not published")
	wantText(t, out, `module.yaml:10: the id "altimeter" is that of a lesson of instrument`, `module.yaml:13: the id "airspeed"`)
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	var g errgroup.Group
	for range 2 {
		g.Go(func() error {
			out, err := h.publish(t, dir, true)
			if err != nil {
				return fmt.Errorf("%w\n%s", err, out)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if versions, active := h.rows(t, "content_versions"), h.rows(t, "content_versions WHERE is_active"); versions != 1 || active != 1 {
		t.Errorf("%d versions, %d active; want 1 and 1", versions, active)
	}
}

// TestBrokenOff loses the handbook in the middle, and goes on later.
func TestBrokenOff(t *testing.T) {
	t.Parallel()

	var sent atomic.Int64
	var well atomic.Bool
	h := newHandbook(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || well.Load() || sent.Add(1) <= 3 {
			return false
		}
		hangUp(w)
		return true
	})
	dir := folder(t)
	_, err := h.publish(t, dir, true)
	wantError(t, err, "run it again, what was sent is kept")
	kept := h.rows(t, "blobs")
	if n := h.rows(t, "sources"); n != 0 || kept == 0 {
		t.Errorf("%d sources and %d blobs after the network failed", n, kept)
	}
	well.Store(true)
	h.puts.Store(0)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	if n, want := int(h.puts.Load()), files(t, dir)-kept; n != want {
		t.Errorf("%d files were sent, want the %d that were missing", n, want)
	}
}

// TestShakyNetwork loses the first try of every request.
func TestShakyNetwork(t *testing.T) {
	t.Parallel()

	var requests atomic.Int64
	h := newHandbook(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch requests.Add(1) {
		case 1:
			hangUp(w)
		case 2, 5:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			return false
		}
		return true
	})
	if out, err := h.publish(t, folder(t), true); err != nil {
		t.Fatal(err, out)
	}
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

func TestFileChangesOnTheWay(t *testing.T) {
	t.Parallel()

	dir := folder(t)
	h := newHandbook(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			_ = os.WriteFile(filepath.Join(dir, "lessons", "airspeed.mdx"), []byte("---\n"), 0o644)
		}
		return false
	})
	_, err := h.publish(t, dir, true)
	wantError(t, err, "lessons/airspeed.mdx changed while the folder was published")
}
