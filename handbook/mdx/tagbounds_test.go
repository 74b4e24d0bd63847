package mdx_test

import (
	"slices"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
)

// TestBoundsOfTags gives texts on which reading tags may take very long. Each
// takes about as long as any other text of its length, or this test would not
// end.
func TestBoundsOfTags(t *testing.T) {
	t.Parallel()

	repeat := strings.Repeat
	blocks := func(block string) string { return repeat(block+"\n\n", (80<<10)/(len(block)+2)) }
	// lines repeats a line as often as a lesson may.
	lines := func(line string) string {
		block := repeat(line, (30<<10)/len(line)) + "\n"
		return repeat(block, max(1, min(19_980/strings.Count(block, "\n"), (2<<20-1000)/len(block))))
	}
	each := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	fine := []string{"titles", "indented blocks"}
	for _, tc := range []struct{ name, markdown string }{
		{"many tags", blocks(repeat("<b>a</b>", 1000)) + blocks(repeat("{1}", 5000))},
		{"many tags that fail", lines("<a b={x(\n")},
		{"strings that never close", lines("<a b=\"\n")},
		{"strings in lines that never close", lines("x <a b=\"\n")},
		{"braces that never close", lines("{x(\n")},
		{"braces in lines that never close", lines("x {x(\n")},
		{"arrays that never close", lines("{[{},\n")},
		{"objects that never close", lines("<X a={{a:[\n")},
		{"templates that never close", repeat("{`\n\n", 9000)},
		{"comments that never close", repeat("a {/*\n\n", 9000)},
		{"statements that never close", repeat("export const a = [\n\n", 9000)},
		{"tags that never close", repeat("<div>\n\n", 9000)},
		{"tags in a line that never close", blocks(repeat("<b>", 10000))},
		{"tags that close nothing", "<div>\n\n- " + repeat("</div>", 5000)},
		{"directives", lines(":::note\n")},
		{"tags of many lines", "a " + repeat("<b\n", 5000) + repeat(">", 10_000)},
		{"regular expressions that never close", lines("{a(/'/\n")},
		{"lists in tags", lines("- <div>\n")},
		{"tags and indentation", each(190, func(i int) string { return repeat(" ", i) + "<div>\n" })},
		{"lists and indentation", each(30, func(i int) string { return repeat(" ", 6*i) + "- <div>\n" }) + lines(repeat(" ", 180)+"a\n")},
		{"tags in quotes", lines("> <b\n")},
		{"tags far inside", repeat("> ", 30) + "<b\n" + repeat(repeat("> ", 30)+"\n", 300)},
		{"indented blocks", lines(repeat(" ", 190) + "- a\n")},
		{"exports used often", "export const a = \"" + repeat("a", 30_000) + "\"\n\n" + repeat("{a} ", 500)},
		{"titles with faults", repeat("<Callout title=\"{a}\" />\n\n", 9000)},
		{"titles", repeat("<Callout title=\"*a*\" />\n\n", 9000)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
			if got := len(faults) == 0; got != slices.Contains(fine, tc.name) {
				t.Errorf("fine is %v, faults are %v", got, faults[max(0, len(faults)-1):])
			}
		})
	}
}
