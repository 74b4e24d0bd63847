//go:build chaos && linux

package chaos_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// regress makes one web and one worker process the former program, where there
// is one.
func (p *plant) regress() {
	p.t.Helper()
	if former := buildFormer(p.t); former != "" {
		p.webs[1].become(former)
		p.workers[1].become(former)
	}
}

// buildFormer builds the program as it was before the newest migration: while a
// deploy is under way, it goes on with a schema that is newer than itself. It
// returns "" where git does not know that commit.
func buildFormer(t *testing.T) string {
	t.Helper()
	if *formerly != "" {
		return *formerly
	}
	newest := newestMigration(t)
	added, err := git(t, "log", "-1", "--diff-filter=A", "--format=%H", "--", newest)
	if err != nil || added == "" {
		t.Logf("WARNING: without a former program: git knows no commit that brought %s: %v", newest, err)
		return ""
	}
	before, err := git(t, "rev-parse", "--verify", added+"^")
	if err != nil {
		t.Logf("WARNING: without a former program: this clone has no commit before the one that brought %s (git fetch --unshallow): %v", newest, err)
		return ""
	}
	tree, packed := t.TempDir(), filepath.Join(t.TempDir(), "tree.tar")
	if _, err := git(t, "archive", "--output="+packed, before); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "-xf", packed, "-C", tree).CombinedOutput(); err != nil {
		t.Fatalf("unpack %s: %v\n%s", before, err, out)
	}
	t.Logf("the former program is that of %.12s, before %s", before, newest)
	return compile(t, tree)
}

func newestMigration(t *testing.T) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, "migrations", "[0-9]*.sql"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	return "migrations/" + filepath.Base(slices.Max(all))
}

// git returns what git says about this clone.
func git(t *testing.T, args ...string) (string, error) {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %q: %w: %s", args, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
