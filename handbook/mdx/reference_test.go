package mdx_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

// TestReference compares what is found in files with what the reference parser
// of MDX finds in them.
func TestReference(t *testing.T) {
	t.Parallel()

	alike(t, os.DirFS("testdata/reference/cases"), "testdata/reference/cases.json", nil)
}

// TestCorpus compares files that nobody here wrote: the documentation of
// Starlight, in 17 languages. Its licence is beside it.
func TestCorpus(t *testing.T) {
	t.Parallel()

	if n := alike(t, unpack(t, "testdata/reference/corpus.tar.gz"), "testdata/reference/golden.json", differing); n != 289 {
		t.Errorf("%d files, want 289", n)
	}
}

// differing are the files of the corpus in which something else is known to be
// found than by the reference parser.
var differing []string

// unpack returns the files of an archive.
func unpack(t testing.TB, archive string) fs.FS {
	t.Helper()
	packed, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		src, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = &fstest.MapFile{Data: src}
	}
}

// alike checks that just the known files differ from what was counted in them,
// and returns how many there are.
func alike(t *testing.T, files fs.FS, counted string, known []string) int {
	t.Helper()
	golden, err := os.ReadFile(counted)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]mdx.Outline
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	for file, want := range want {
		src, err := fs.ReadFile(files, file)
		if err != nil {
			t.Fatal(err)
		}
		got, faults := mdx.OutlineOf(file, src)
		diff := cmp.Diff(want, got) + text(faults)
		switch {
		case diff != "" && !slices.Contains(known, file):
			t.Errorf("%s (-reference +ours):\n%s", file, diff)
		case diff == "" && slices.Contains(known, file):
			t.Errorf("%s is known to differ, and does not", file)
		}
	}
	return len(want)
}
