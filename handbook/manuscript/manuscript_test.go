package manuscript_test

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/jpeg"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
)

const moduleYAML = `key: instrument
title: Instrument
summary: Flying without looking out.
version: 1.2.0
price: 5900
currency: usd
changelog: First edition.
lessons:
  - id: holding
    file: lessons/holding.mdx
    preview: true
  - {id: vor, file: lessons/vor.mdx}
`

const front = "---\ntitle: T\nsummary: S\ndate: 2026-03-31\n---\n"

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"/>`

// folder is a module without faults, in fresh maps.
func folder(changes ...map[string]string) fstest.MapFS {
	files := map[string]string{
		"module.yaml":                moduleYAML,
		"lessons/holding.mdx":        front + "## Entry\n\n[V](vor.mdx#needle) ![a](../media/a.svg)\n",
		"lessons/vor.mdx":            front + "## Needle\n\n![p](../media/p.png) ![j](../media/j.jpg)\n",
		"media/a.svg":                svg,
		"media/p.png":                raster(func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }),
		"media/j.jpg":                raster(func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }),
		"components/hold.ts":         `customElements.define("m-hold", class extends HTMLElement {})`,
		"components/hold.props.yaml": "props: []\n",
	}
	for _, change := range changes {
		maps.Copy(files, change)
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		if text != gone {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}

// gone removes a file from the folder.
const gone = "\x00gone"

func raster(encode func(*bytes.Buffer, image.Image) error) string {
	var b bytes.Buffer
	if err := encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		panic(err)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	t.Parallel()

	m, faults := manuscript.Read(folder(map[string]string{
		".git/config": "x", "README.md": "x", "media/.DS_Store": "x",
	}))
	for _, f := range faults {
		t.Error(f)
	}
	want := manuscript.Module{
		Key: "instrument", Title: "Instrument", Summary: "Flying without looking out.", Version: "1.2.0",
		Price: 5900, Currency: "usd", Changelog: "First edition.", Line: 9,
		Lessons: []manuscript.Lesson{
			{ID: "holding", File: "lessons/holding.mdx", Preview: true, Line: 9},
			{ID: "vor", File: "lessons/vor.mdx", Line: 12},
		},
	}
	if diff := cmp.Diff(want, m.Module); diff != "" {
		t.Errorf("module (-want +got):\n%s", diff)
	}
	var paths []string
	for _, f := range m.Files {
		paths = append(paths, f.Path)
	}
	wantPaths := []string{"components/hold.props.yaml", "components/hold.ts", "lessons/holding.mdx", "lessons/vor.mdx",
		"media/a.svg", "media/j.jpg", "media/p.png", "module.yaml"}
	if diff := cmp.Diff(wantPaths, paths); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if f := m.Files[4]; f.Size != int64(len(svg)) || f.SHA256 != sha256.Sum256([]byte(svg)) {
		t.Errorf("media/a.svg: %d bytes, %x", f.Size, f.SHA256)
	}
}

func TestBundle(t *testing.T) {
	t.Parallel()

	yaml := strings.Replace(moduleYAML[:strings.Index(moduleYAML, "lessons:")], "key: instrument", "key: bundle", 1)
	m, faults := manuscript.Read(fstest.MapFS{
		"module.yaml": {Data: []byte(yaml + "includes: [private_commercial, instrument]\n")},
	})
	for _, f := range faults {
		t.Error(f)
	}
	if diff := cmp.Diff([]string{"private_commercial", "instrument"}, m.Includes); diff != "" {
		t.Errorf("includes (-want +got):\n%s", diff)
	}
	for lesson, faults := range m.Render(mediaURL) {
		t.Errorf("the lesson %q, faults %v", lesson.Title, faults)
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()

	digest := func(changes ...map[string]string) [32]byte {
		m, _ := manuscript.Read(folder(changes...))
		return m.Digest
	}
	same := digest()
	for _, tc := range []struct {
		name    string
		change  map[string]string
		changes bool
	}{
		{"nothing", nil, false},
		{"a file that is left out", map[string]string{"README.md": "x", ".env": "x", "notes/a.txt": "x"}, false},
		{"a lesson", map[string]string{"lessons/vor.mdx": front}, true},
		{"media", map[string]string{"media/a.svg": svg + "\n"}, true},
		{"a component", map[string]string{"components/hold.ts": ""}, true},
		{"a name", map[string]string{"media/a.svg": gone, "media/b.svg": svg}, true},
	} {
		if got := digest(tc.change) != same; got != tc.changes {
			t.Errorf("%s changes the digest: %v, want %v", tc.name, got, tc.changes)
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()

	m, _ := manuscript.Read(folder())
	url := func(path string, sha [32]byte) string {
		if path == "media/a.svg" && sha != sha256.Sum256([]byte(svg)) {
			t.Errorf("media/a.svg has SHA-256 %x", sha)
		}
		return "/media/" + filepath.Base(path)
	}
	want := []string{
		`<h2 id="entry">Entry</h2>
<p><a href="/modules/instrument/lessons/vor#needle">V</a> <img src="/media/a.svg" alt="a" width="640" height="360" decoding="async"></p>
`,
		`<h2 id="needle">Needle</h2>
<p><img src="/media/p.png" alt="p" width="30" height="20" decoding="async"> <img src="/media/j.jpg" alt="j" width="30" height="20" loading="lazy" decoding="async"></p>
`,
	}
	var got []string
	for l, faults := range m.Render(url) {
		got = append(got, l.HTML)
		for _, f := range faults {
			t.Error(f)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRenderChanged shows that what is rendered is what was checked.
func TestRenderChanged(t *testing.T) {
	t.Parallel()

	fsys := folder()
	m, _ := manuscript.Read(fsys)
	fsys["lessons/vor.mdx"] = &fstest.MapFile{Data: []byte(front + "other")}
	var got []string
	for l, faults := range m.Render(mediaURL) {
		got = append(got, l.Title, text(faults))
	}
	want := []string{"T", "", "", "lessons/vor.mdx: the file changed while it was read; try again"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRenderStops reads no further than asked.
func TestRenderStops(t *testing.T) {
	t.Parallel()

	m, _ := manuscript.Read(folder())
	n := 0
	for range m.Render(mediaURL) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d lessons, want 1", n)
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()

	m, _ := manuscript.Read(folder())
	for _, tc := range []struct {
		path          string
		width, height int
		ok            bool
	}{
		{"media/a.svg", 640, 360, true},
		{"media/p.png", 30, 20, true},
		{"media/j.jpg", 30, 20, true},
		{"media/none.png", 0, 0, false},
		{"lessons/vor.mdx", 0, 0, false},
	} {
		if width, height, ok := m.Picture(tc.path); width != tc.width || height != tc.height || ok != tc.ok {
			t.Errorf("%s: %d × %d, %v; want %d × %d, %v", tc.path, width, height, ok, tc.width, tc.height, tc.ok)
		}
	}
}

// TestSymlink uses a real folder, as the publisher does.
func TestSymlink(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	if err := os.CopyFS(dir, folder()); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "secret.svg")
	if err := os.WriteFile(outside, []byte(svg), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"media/b.svg": outside, "assets": filepath.Dir(outside)} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	m, faults := manuscript.Read(os.DirFS(dir))
	want := "assets: this is no plain file; put the file itself here, not a link to it\n" +
		"media/b.svg: this is no plain file; put the file itself here, not a link to it"
	if diff := cmp.Diff(want, text(faults)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, f := range m.Files {
		if f.Path == "media/b.svg" {
			t.Error("a link's target was taken in")
		}
	}
}

func text(faults []mdx.Fault) string {
	var lines []string
	for _, f := range faults {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// Unknown components are faults, except in a module that says otherwise.
func TestUnknownComponents(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ policy, want string }{
		{"", "lessons/vor.mdx:6:1: <Card> is not a component of this handbook; write Markdown, or \\< for the character"},
		{"unknown_components: fault\n", "lessons/vor.mdx:6:1: <Card> is not a component of this handbook; write Markdown, or \\< for the character"},
		{"unknown_components: keep\n", ""},
	} {
		_, faults := manuscript.Read(folder(map[string]string{
			"module.yaml": moduleYAML + tc.policy, "lessons/vor.mdx": front + "<Card>\n\n## Needle\n\n</Card>\n",
		}))
		if got := strings.TrimSpace(text(faults)); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.policy, got, tc.want)
		}
	}
}
