package mdx_test

import (
	"fmt"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
)

// TestBounds gives texts on which a Markdown parser takes very long or very
// much memory. Those that end are fine; the others must be refused, and this
// test would not end if they were not.
func TestBounds(t *testing.T) {
	t.Parallel()

	repeat := strings.Repeat
	blocks := func(block string) string { return repeat(block+"\n\n", (80<<10)/(len(block)+2)) }
	each := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	for _, tc := range []struct{ name, markdown, want string }{
		{"too long", repeat("a b\n\n", 1<<19), "x.mdx: the lesson is over 2 MiB; split it"},
		{"too many lines", repeat("\n", 20_001), "x.mdx: the lesson has over 20000 lines; split it"},
		{"long block", "a\n\n" + repeat("word ", 8<<10), "x.mdx:8:1: this block is over 32 KiB; put an empty line into it"},
		{"quotes", repeat("> ", 33) + "a", "x.mdx:6:1: quotes and lists are nested deeper than 32 levels"},
		{"lists on a line", "a\n\n" + repeat("- ", 40) + "a", "x.mdx:8:1: quotes and lists are nested deeper than 32 levels"},
		{"lists over lines", each(300, func(i int) string { return repeat("  ", i) + "* a\n" }), "x.mdx:106:1: this line is indented by over 200 columns"},
		{"wide table", repeat("|x", 4000) + "\n" + repeat("|-", 4000) + "\n" + repeat("x\n", 20), "x.mdx:19:1: the lesson's tables have over 50000 cells; split it"},
		{"wide table in a quote", "> " + repeat("|x", 4000) + "\n> " + repeat("|-", 4000) + "\n" + repeat("> x\n", 20), "x.mdx:19:1: the lesson's tables have over 50000 cells; split it"},
		{"footnotes", repeat("[^a]\n\n", 2001), "x.mdx: the lesson has over 2000 footnotes and references to them; split it"},
		{"links", repeat("[a]\n\n", 5001) + "[a]: https://x.org", "x.mdx: the lesson has over 5000 links and images; split it"},
		{"large links", "[a]: https://x.org/" + repeat("a", 2000) + "\n\n" + repeat("[a]\n\n", 4900), "x.mdx:1:1: the lesson's HTML is too long; split the lesson"},
		{"long address", "[a](https://x.org/" + repeat("a", 2048) + ")", "x.mdx:6:1: the address is over 2,048 characters"},
		{"many faults", repeat("<a/> ", 300), "x.mdx:6:1001: there are more faults; these are the first 200 found"},
		{"emphasis that never closes", blocks(repeat("*a_ ", 8000)), "x.mdx:6:1: this block has too many brackets, *, _ and ~; put empty lines into it"},
		{"nested brackets", blocks(repeat("[", 16000) + repeat("]", 16000)), "x.mdx:6:1: this block has too many brackets, *, _ and ~; put empty lines into it"},

		{"nested strong", blocks(repeat("*a **a ", 300) + "b" + repeat(" a** a*", 300)), ""},
		{"closers", blocks(repeat("a_ ", 1000)), ""},
		{"openers of three", "a**b" + repeat("c* ", 9000), ""},
		{"brackets", blocks(repeat("[", 500) + "a" + repeat("]", 500)), ""},
		{"brackets and parentheses", blocks(repeat("[ (](", 500)), ""},
		{"titles that never close", blocks(repeat("[a](b \"", 500)), ""},
		{"definitions that never close", repeat(repeat("[a]: b \"\n", 300)+"\n", 20), ""},
		{"code spans", blocks(each(200, func(i int) string { return "e" + repeat("`", i+1) })), ""},
		{"blank lines in a list", repeat("- ", 30) + "a\n" + repeat("\n", 19_000) + repeat(" ", 60) + "b", ""},
		{"entities", blocks(repeat("&a", 10000)), ""},
		{"less than", blocks(repeat("a < b ", 5000)), ""},
		{"autolinks", blocks(repeat("a http://", 3000)), ""},
		{"addresses", blocks(repeat("a.", 10000) + "@"), ""},
		{"long headings", repeat("## "+repeat("a ", 1000)+"\n\n", 100), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
			got := ""
			if len(faults) > 0 {
				got = strings.TrimPrefix(fmt.Sprint(faults[len(faults)-1]), "lessons/")
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
