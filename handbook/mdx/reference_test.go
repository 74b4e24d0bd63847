package mdx_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

// TestReference compares what is found in files with what the reference parser
// of MDX finds in them.
func TestReference(t *testing.T) {
	t.Parallel()

	if differ, all := differ(t, "testdata/reference/cases", "testdata/reference/cases.json"); differ > 0 {
		t.Errorf("%d of %d files differ", differ, all)
	}
}

// TestCorpus compares real files. Where they are not, there is nothing to
// compare.
func TestCorpus(t *testing.T) {
	t.Parallel()

	const folder = "../../../shared/corpora/mdx"
	if _, err := os.Stat(folder); err != nil && os.Getenv("CI") == "" {
		t.Skipf("no files to compare: %v", err)
	}
	if differ, all := differ(t, folder, "testdata/reference/golden.json"); 100*differ > all {
		t.Errorf("%d of %d files differ, want 1 %% at most", differ, all)
	}
}

// differ tells how many files of a folder differ from what was counted in
// them, and why.
func differ(t *testing.T, folder, counted string) (differ, all int) {
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
		src, err := os.ReadFile(filepath.Join(folder, file))
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
