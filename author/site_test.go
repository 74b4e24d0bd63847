package author_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pilothandbook/author/foreign"
	"pilothandbook/handbook/search"
	"pilothandbook/handbook/version"
)

// TestForeignSite imports documentation that nobody here wrote, in 17
// languages, publishes all of it, reads and searches it.
func TestForeignSite(t *testing.T) {
	t.Parallel()

	from, to := unpacked(t, "../handbook/mdx/testdata/reference/corpus.tar.gz"), filepath.Join(t.TempDir(), "site")
	var said bytes.Buffer
	err := foreign.Import(foreign.Options{From: from, To: to, Key: "instrument", Date: "2026-11-23", Keep: true, Out: &said})
	if err != nil {
		t.Fatal(err, said.String())
	}
	wantText(t, said.String(), "Imported 289 of 289 pages", "Faults: 0.", "lead nowhere and became text: 346.",
		"<LinkCard> (826), <Preview> (310), import @astrojs/starlight/components (241),", "handbook preview "+to)

	h := newHandbook(t, nil)
	out, err := h.publish(t, to, true)
	if err != nil {
		t.Fatal(err, out)
	}
	v, err := version.Active(t.Context(), h.p.Memory, h.p.DB, "instrument")
	if err != nil {
		t.Fatal(err)
	}
	l, err := version.ReadLesson(t.Context(), h.p.DB, v.ID, "components-link-cards")
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, l.HTML, `<div><p><strong><a href="/modules/instrument/lessons/guides-customization">Customizing Starlight</a></strong></p>
<p>Learn how to make your Starlight site your own with custom styles, fonts, and more.</p>`,
		`<a href="/modules/instrument/lessons/components-card-grids#group-link-cards">`)
	wantFound(t, h, "sync multiple tab groups", "/modules/instrument/lessons/components-tabs#sync-tabs")
}

// wantFound waits for the index, and searches.
func wantFound(t *testing.T, h *handbook, words, url string) {
	t.Helper()
	for began := time.Now(); h.rows(t, "outbox WHERE kind = 'update-search-index' AND state = 'done'") == 0; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the version is not indexed after a minute")
		}
	}
	editions, err := search.Editions(t.Context(), h.p.DB)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := search.Find(t.Context(), h.p.DB, editions, []string{"instrument"}, words)
	if err != nil || len(answer.Hits) == 0 || answer.Hits[0].URL() != url {
		t.Errorf("%q finds %+v, %v; want %s first", words, answer.Hits, err, url)
	}
}

// unpacked is a folder of an archive's files.
func unpacked(t *testing.T, archive string) string {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		src, err := io.ReadAll(r)
		if err != nil || h.Typeflag != tar.TypeReg {
			continue
		}
		write(t, dir, map[string]string{h.Name: string(src)})
	}
}

// write writes files into a folder.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestForeignPages imports what is hard, and says what became of it.
func TestForeignPages(t *testing.T) {
	t.Parallel()

	from, to := t.TempDir(), filepath.Join(t.TempDir(), "site")
	write(t, from, map[string]string{
		"index.md": "# Home\n\nWelcome to {everything} < 5 of <b>it</b>.<br>\n\n<!-- secret -->\n\n" +
			"[Guide](/guide/first) [its `a & b`](guide/first.md#a--b) [gone](nowhere.md) [mail](mailto:a@example.com)\n\n" +
			"![Plan](img/plan.svg) ![Far](https://example.com/a.png) ![](img/plan.svg) ![Pale](img/pale.svg)\n\n" +
			"```md\n[not a link](nowhere.md) {x}\n```\n\n`[nor](here)`\n",
		"guide/first.mdx": "---\ntitle: First\ndescription: \"A: b\"\nsidebar:\n  order: 1\n---\nimport X from 'x'\n\n## A & b\n\n##### Deep\n\n" +
			":::warning Mind\nthis\n:::\n\n<Aside type=\"danger\">d</Aside>\n\n<X href=\"../index.md\" title=\"Home\" />\n\n[ref]\n\n[ref]: ./first#deep\n",
		"guide/index.md":           "Setup\n\n# One\n\n# Two\n\nFrom $5 to $9, `$x`.\n",
		"broken.mdx":               "---\ntitle: Broken\n---\n\n<A>\n",
		"img/plan.svg":             `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>`,
		"img/pale.svg":             `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99"><text x="9" y="50" fill="#eee">a</text></svg>`,
		"node_modules/x/README.md": "x",
		".secret/page.md":          "x",
	})
	if err := os.Symlink(filepath.Join(from, ".secret", "page.md"), filepath.Join(from, "linked.md")); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	err := foreign.Import(foreign.Options{From: from, To: to, Key: "instrument", Date: "2026-11-23", Keep: true, Out: &said})
	if err != nil {
		t.Fatal(err, said.String())
	}
	wantText(t, said.String(), "Imported 3 of 4 pages", "Images: 1. Faults: 0.")
	for name, want := range map[string][]string{
		"lessons/start.mdx": {"title: \"Home\"\nsummary: \"Welcome", `Welcome to \{everything\} \< 5 of <b>it</b>.<br />`, "[Guide](guide-first.mdx)",
			"[its `a & b`](guide-first.mdx#a-b) gone [mail](mailto:a@example.com)", "![Plan](../media/plan.svg) Far  Pale\n", "[not a link](nowhere.md) {x}", "`[nor](here)`"},
		"lessons/guide-first.mdx": {"title: \"First\"\nsummary: \"A: b\"\ndate: 2026-11-23\n", "#### Deep", ":::caution[Mind]", `<Aside kind="danger">`, `href="start.mdx"`, "[ref]: #deep"},
		"lessons/guide.mdx":       {"title: \"One\"", "## Two", "From \\$5 to \\$9, `$x`."},
		"module.yaml":             {"unknown_components: keep", "- id: start\n    file: lessons/start.mdx\n    preview: true\n  - id: guide\n    file: lessons/guide.mdx\n  - id: guide-first\n"},
		"import-report.txt": {"broken.mdx\n  left out: lessons/broken.mdx:", "not found: link nowhere.md", "not found: image https://example.com/a.png",
			"not found: image without alternative text img/plan.svg", "pale.svg is left out: ", "kept: <X> (1), import x (1)"},
	} {
		b, err := os.ReadFile(filepath.Join(to, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		wantText(t, string(b), want...)
		if strings.Contains(string(b), "secret") {
			t.Errorf("%s has what is hidden:\n%s", name, b)
		}
	}
}

// TestForeignOutside names images that are no part of the site: by dots and by
// links. None is copied, and the report says why.
func TestForeignOutside(t *testing.T) {
	t.Parallel()

	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><desc>%s</desc></svg>`
	home, to := t.TempDir(), filepath.Join(t.TempDir(), "lessons")
	write(t, home, map[string]string{
		"secret/key.svg":         fmt.Sprintf(drawing, "private"),
		"work/public/logo.svg":   fmt.Sprintf(drawing, "logo"),
		"work/site/img/plan.svg": fmt.Sprintf(drawing, "plan"),
		"work/site/index.md": "# Home\n\n![Dots](../../secret/key.svg) ![File](img/file.svg) <img src=\"img/folder/key.svg\" alt=\"Folder\"> ![Root](/../../secret/key.svg)\n\n" +
			"![Served](/served.svg) ![Plan](img/plan.svg) ![Again](img/again.svg) ![Logo](/logo.svg)\n",
		"work/site/second.md": "# Second\n\na\n",
	})
	for name, leads := range map[string]string{
		"work/site/img/file.svg": "../../../secret/key.svg", "work/site/img/folder": "../../../secret", "work/site/img/again.svg": "plan.svg",
		"work/public/served.svg": filepath.Join(home, "secret", "key.svg"),
	} {
		if err := os.Symlink(leads, filepath.Join(home, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	from := filepath.Join(home, "work", "site")
	if err := foreign.Import(foreign.Options{From: from, To: to, Key: "instrument", Date: "2026-11-23", Out: io.Discard}); err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile(filepath.Join(to, "import-report.txt"))
	if err != nil {
		t.Fatal(err)
	}
	outside := ", which lies outside of " + from + "; copy the file into it\n"
	wantText(t, string(report), "Images: 3. ", "not found: image ../../secret/key.svg"+outside, "not found: image img/file.svg"+outside,
		"not found: image img/folder/key.svg"+outside, "not found: image /served.svg"+outside, "not found: image /../../secret/key.svg\n")
	err = filepath.WalkDir(to, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if strings.Contains(string(b), "private") {
			t.Errorf("%s was read outside of the site", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Without the policy, what is unknown is told with its place, and the folder
// is there to be mended.
func TestForeignFaults(t *testing.T) {
	t.Parallel()

	from, to := t.TempDir(), filepath.Join(t.TempDir(), "site")
	write(t, from, map[string]string{"a.mdx": "---\ntitle: A\n---\n\n<Card>\n\nb\n\n</Card>\n"})
	o := foreign.Options{From: from, To: to, Key: "instrument", Date: "2026-11-23", Out: io.Discard}
	var said bytes.Buffer
	o.Out = &said
	wantError(t, foreign.Import(o), "has faults (1, above); mend them, or import again with --unknown-components=keep")
	kept := o
	kept.To, kept.From, kept.Keep = filepath.Join(t.TempDir(), "kept"), t.TempDir(), true
	var long strings.Builder // over a lesson's budget, however it is compressed
	for i := range 8000 {
		fmt.Fprintf(&long, "%x\n\n", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	write(t, kept.From, map[string]string{"a.mdx": "---\ntitle: A\n---\n\n" + long.String()})
	wantError(t, foreign.Import(kept), "has faults (1, above); mend them, and see that none is left: handbook publish --check ")
	gliding := o
	gliding.To, gliding.Key = filepath.Join(t.TempDir(), "gliding"), "gliding"
	wantError(t, foreign.Import(gliding), `there is no module "gliding" to write lessons for`)
	if _, err := os.Stat(gliding.To); err == nil {
		t.Error("a folder was made for no module")
	}
	wantText(t, said.String(), filepath.Join(to, "lessons", "a.mdx")+":7:1: <Card> is not a component of this handbook")
	wantError(t, foreign.Import(o), "is not empty")
	o.To, o.From = filepath.Join(to, "other"), t.TempDir()
	wantError(t, foreign.Import(o), "has no .md or .mdx files")
}

// TestImportHere makes a module of the empty folder that its author stands in.
func TestImportHere(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(from, "vor.md"), []byte("# VOR\n\nA radio.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(to)
	for _, into := range []string{".", "below/here"} {
		err := foreign.Import(foreign.Options{From: from, To: into, Key: "instrument", Date: "2026-11-23", Out: io.Discard})
		if err != nil {
			t.Errorf("%s: %v", into, err)
		}
		if _, err := os.Stat(filepath.Join(to, into, "lessons", "vor.mdx")); err != nil {
			t.Error(err)
		}
	}
}
