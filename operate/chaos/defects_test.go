package chaos_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// root is the module's folder.
const root = "../.."

// patch returns the file of a planted defect.
func patch(name string) string { return filepath.Join("testdata", "defects", name+".patch") }

// The planted defects still fit the code that they make wrong, so that it can
// be shown at any time that the test finds them.
func TestDefectsApply(t *testing.T) {
	t.Parallel()

	all, err := filepath.Glob(patch("*"))
	if err != nil || len(all) != 3 {
		t.Fatalf("%d patches, %v; want 3", len(all), err)
	}
	for _, file := range all {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			apply(t, root, file, "--check")
		})
	}
}

// apply applies a patch to a tree, whose lines may have moved.
func apply(t *testing.T, tree, file string, more ...string) {
	t.Helper()
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", append(append([]string{"apply", "--ignore-whitespace"}, more...), file)...)
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s does not fit the code any more: %v\n%s\nMake it anew: change the code as the patch does, and write git diff -U1 into it.", filepath.Base(file), err, out)
	}
}
