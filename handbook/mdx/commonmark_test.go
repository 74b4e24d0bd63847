package mdx_test

import (
	_ "embed"
	"regexp"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
)

// commonmark is the specification of CommonMark, 0.31.2, unchanged. Its licence,
// CC BY-SA 4.0, is beside it.
//
//go:embed testdata/commonmark/spec.txt
var commonmark string

// example finds those of the specification: Markdown, and HTML behind a dot.
var example = regexp.MustCompile("(?ms)^`{32} example\n(.*?)^\\.\n.*?^`{32}$")

// TestCommonMark renders what exercises every rule of Markdown: as lessons,
// which many of them are not, and as fragments.
func TestCommonMark(t *testing.T) {
	t.Parallel()

	examples := example.FindAllStringSubmatch(commonmark, -1)
	if len(examples) != 652 {
		t.Fatalf("%d examples, want 652", len(examples))
	}
	keeping := files
	keeping.Unknown = mdx.Keep
	shown := 0
	for i, found := range examples {
		markdown := strings.ReplaceAll(found[1], "→", "\t")
		strict, faults := mdx.Render("lessons/x.mdx", []byte(front+markdown), files)
		kept, _ := mdx.Render("lessons/x.mdx", []byte(front+markdown), keeping)
		fragment, _ := mdx.Fragment(markdown, files)
		for _, html := range []string{strict.HTML, kept.HTML, fragment} {
			if problem := dangerous(html); problem != "" {
				t.Errorf("example %d, %q, has %s:\n%s", i+1, markdown, problem, html)
			}
		}
		if len(faults) == 0 {
			shown++
		}
	}
	if shown < len(examples)/3 {
		t.Errorf("only %d of %d examples are lessons", shown, len(examples))
	}
}
