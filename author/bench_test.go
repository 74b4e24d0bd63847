package author_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pilothandbook/author"
)

// BenchmarkCheck checks a module of 200 lessons of the length of one that
// ships, the whole command but the start of the program.
func BenchmarkCheck(b *testing.B) {
	dir := large(b, 200)
	for b.Loop() {
		if err := author.Publish(b.Context(), author.Options{Check: true, Out: io.Discard}, dir); err != nil {
			b.Fatal(err)
		}
	}
}

// large is a folder of that many lessons, each made of one that ships.
func large(tb testing.TB, lessons int) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "large")
	if err := os.CopyFS(dir, os.DirFS("../content/instrument")); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "lessons", "holding.mdx"))
	if err != nil {
		tb.Fatal(err)
	}
	var list strings.Builder
	for i := range lessons {
		name := fmt.Sprintf("lessons/copy-%d.mdx", i)
		fmt.Fprintf(&list, "  - {id: copy-%d, file: %s}\n", i, name)
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), text, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, "module.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(list.String()); err != nil {
		tb.Fatal(err)
	}
	return dir
}
