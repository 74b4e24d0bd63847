package mdx_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

// TestReference compares what is found in files with what the reference parser
// of MDX finds in them.
func TestReference(t *testing.T) {
	t.Parallel()

	if differ, all := differ(t, os.DirFS("testdata/reference/cases"), "testdata/reference/cases.json"); differ > 0 {
		t.Errorf("%d of %d files differ", differ, all)
	}
}

// TestCorpus compares files that nobody here wrote: the documentation of
// Starlight, in 17 languages. Its licence is beside it.
func TestCorpus(t *testing.T) {
	t.Parallel()

	if differ, all := differ(t, unpack(t, "testdata/reference/corpus.tar.gz"), "testdata/reference/golden.json"); 100*differ > all || all < 289 {
		t.Errorf("%d of %d files differ, want 1 %% of 289 at most", differ, all)
	}
}

// unpack returns the files of an archive.
func unpack(t *testing.T, archive string) fs.FS {
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

// differ tells how many files differ from what was counted in
// them, and why.
func differ(t *testing.T, files fs.FS, counted string) (differ, all int) {
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
		if diff := cmp.Diff(want, got); diff != "" || len(faults) > 0 {
			differ++
			t.Logf("%s (-reference +ours):\n%s\n%s", file, diff, text(faults))
		}
	}
	return differ, len(want)
}
