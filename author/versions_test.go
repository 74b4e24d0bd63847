package author_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"pilothandbook/author"
	"pilothandbook/platform/platformtest"
)

// What differs is told word by word, and what the present program makes of a
// version is its next revision.
func TestDifferenceAndReprocess(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	edit(t, dir, "module.yaml", "version: 0.1.0", "version: 0.2.0")
	edit(t, dir, "lessons/airspeed.mdx", "It measures", "This measures")
	if out, err := h.publish(t, dir, false); err != nil {
		t.Fatal(err, out)
	}
	var out bytes.Buffer
	o := h.options(&out)
	if err := author.Difference(t.Context(), o, "instrument", "0.1.0..0.2.0"); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), "airspeed (", "): changed\n", "[-It-] {+This+} measures")
	wantError(t, author.Difference(t.Context(), o, "instrument", "0.1.0"), "write them as 0.1.0..0.2.0")
	wantError(t, author.Difference(t.Context(), o, "instrument", "0.1.0..9.0.0"), "has no version \"9.0.0\"")

	out.Reset()
	if err := author.Reprocess(t.Context(), o, "instrument", ""); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), "Nothing new: instrument 0.1.0 is what the present program makes of it.")
	platformtest.Exec(t, h.p, `UPDATE content_versions SET checksum = 'of a former program'`)
	if err := author.Reprocess(t.Context(), o, "instrument", ""); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), "Made again: instrument 0.1.0, revision 2, checksum ", "Readers have it now; nobody was mailed.")
	if err := author.Reprocess(t.Context(), o, "instrument", "0.2.0"); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), "Let readers have it: handbook versions --activate 0.2.0 instrument")
}

// A version that loses lessons is refused before anything is sent.
func TestLostLesson(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	h.puts.Store(0)
	edit(t, dir, "module.yaml", "version: 0.1.0", "version: 0.2.0")
	edit(t, dir, "module.yaml", "id: airspeed", "id: speed")
	out, err := h.publish(t, dir, true)
	wantError(t, err, "nothing was sent")
	wantText(t, out, filepath.Join(dir, "module.yaml")+`:10: the lesson "airspeed" of version 0.1.0, which readers have, is missing`, "retired: [airspeed]")
	if n := h.puts.Load(); n != 0 {
		t.Errorf("%d files were sent", n)
	}
}

// What could not be made of a version says why, where its author looks.
func TestFailedIndex(t *testing.T) {
	t.Parallel()

	h := newHandbook(t, nil)
	if out, err := h.publish(t, folder(t), true); err != nil {
		t.Fatal(err, out)
	}
	platformtest.Exec(t, h.p, `INSERT INTO outbox (id, kind, queue, payload, state, error, finished_at)
		SELECT gen_random_uuid(), 'update-search-index', 'content-processing', jsonb_build_object('version', id), 'dead', 'no room on the disk', now()
		FROM content_versions`)
	var out bytes.Buffer
	if err := author.Versions(t.Context(), h.options(&out), "instrument", ""); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), "0.1.0, search index of ", ": failed, and searching does not find what is new\nno room on the disk\n")
}
