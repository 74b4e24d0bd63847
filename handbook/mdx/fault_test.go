package mdx_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

func TestFaults(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, markdown, want string }{
		{"HTML comment", "<!-- x -->", "x.mdx:6:1: <! is HTML; write a comment as {/* … */}, or \\< for the character"},
		{"title in the text", "# a", "x.mdx:6:1: a lesson's title is in its front matter; begin headings with ##"},
		{"underlined title", "a\n===", "x.mdx:6:1: a lesson's title is in its front matter; begin headings with ##"},
		{"deep heading", "##### a", "x.mdx:6:1: headings go from ## to ####; this has level 5"},
		{"empty heading", "##", "x.mdx:6:1: the heading is empty; write its text or remove it"},
		{"unknown footnote", "a[^b]", "x.mdx:6:2: there is no footnote \"b\"; add a paragraph \"[^b]: …\""},
		{"unused footnote", "a\n\n[^b]: c", "x.mdx:8:1: nothing refers to the footnote \"b\"; remove it, or write [^b] in the text"},
		{"script URL", "[a](JavaScript:alert)", "x.mdx:6:1: \"javascript:\" is not allowed; a link takes https, mailto, a file of the module or a #heading"},
		{"script URL in entities", "[a](&#106;avascript&colon;alert)", "x.mdx:6:1: \"javascript:\" is not allowed; a link takes https, mailto, a file of the module or a #heading"},
		{"script autolink", "<javascript:alert>", "x.mdx:6:1: \"javascript:\" is not allowed; a link takes https, mailto, a file of the module or a #heading"},
		{"data image", "![a](data:image/png;base64,AA)", "x.mdx:6:1: \"data:\" is not allowed; a link takes https, mailto, a file of the module or a #heading"},
		{"image elsewhere", "![a](https://x.org/a.png)", "x.mdx:6:1: \"https://x.org/a.png\" is no file of this module; copy the image to media/ and name it there"},
		{"missing image", "![a](../b/c.png)", "x.mdx:6:1: the module has no \"b/c.png\"; paths count from the lesson's own folder"},
		{"mute image", "a ![ ](../media/c.png)", "x.mdx:6:3: the image has no alternative text; say between the brackets what it shows"},
		{"missing lesson", "[a](../b.mdx)", "x.mdx:6:1: the module has no \"b.mdx\"; paths count from the lesson's own folder"},
		{"outside", "[a](../../b.mdx)", "x.mdx:6:1: the path leaves the module's folder; name a file of this module"},
		{"absolute", "[a](/b)", "x.mdx:6:1: \"/b\" is not relative; name the file as seen from the lesson's folder, or another module's lesson as /modules/KEY/lessons/ID"},
		{"without scheme", "[a](//b.org)", "x.mdx:6:1: the address has no scheme; write https:// in front"},
		{"without host", "[a](https:b)", "x.mdx:6:1: \"https:b\" names no host; write the site behind https://, as in https://www.faa.gov"},
		{"query", "[a](b.mdx?c)", "x.mdx:6:1: a file of the module takes no ?query; end the address before the ?"},
		{"nowhere", "a [b]()", "x.mdx:6:3: the link leads nowhere; put the address between the parentheses"},
		{"own file", "[a](x.mdx)", "x.mdx:6:1: the link leads to its own lesson; add the heading as #…"},
		{"nobody", "[a](mailto:)", "x.mdx:6:1: \"mailto:\" names nobody; write who is to get the mail behind mailto:"},
		{"no heading", "## a\n\n[b](#c) [d](x.mdx#a)", "x.mdx:8:1: there is no heading #c in this lesson; name one that it has, as #a"},
		{"mistyped heading", "## Fuel flow\n\n[b](#fule-flow)", "x.mdx:8:1: there is no heading #fule-flow in this lesson; did you mean #fuel-flow?"},
		{"heading of none", "[b](#c)", "x.mdx:6:1: there is no heading #c in this lesson; it has none, so add one, or take the #… away"},
		{"control character", "[a](<b\x01c>)", "x.mdx:6:1: \"b\\x01c\" is not an address; write https:// and what follows, or the path of a file"},
		{"other encoding", "a\n\xff", "x.mdx:7:1: this is not UTF-8; save the file in that encoding"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			lesson, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
			if diff := cmp.Diff(tc.want, text(faults)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if lesson.HTML != "" {
				t.Errorf("a faulty lesson has HTML: %s", lesson.HTML)
			}
		})
	}
}

func TestFrontMatterFaults(t *testing.T) {
	t.Parallel()

	good := "title: T\nsummary: S\ndate: 2026-03-31\n"
	for _, tc := range []struct{ name, src, want string }{
		{"none", "a", "x.mdx:1:1: a lesson begins with its title, summary and date between two lines of ---"},
		{"not closed", "---\n" + good, "x.mdx:1:1: a lesson begins with its title, summary and date between two lines of ---"},
		{"empty", "---\n---\n", "x.mdx:2:1: the front matter is empty; write its fields as \"name: value\""},
		{"slip", "---\n" + good + "souces: []\n---\n", "x.mdx:5:1: there is no field \"souces\"; did you mean \"sources\"?"},
		{"unknown", "---\n" + good + "author: me\n---\n", "x.mdx:5:1: there is no field \"author\"; known are title, summary, date, acs, sources"},
		{"no value", "---\ntitle:\nsummary: S\ndate: 2026-03-31\n---\n", "x.mdx:2:1: title is empty; give it a value"},
		{"date", "---\ntitle: T\nsummary: S\ndate: 31.3.2026\n---\n", "x.mdx:4:7: \"31.3.2026\" is not a date; write it as 2026-03-31"},
		{"no such day", "---\ntitle: T\nsummary: S\ndate: 2026-02-30\n---\n", "x.mdx:4:7: \"2026-02-30\" is not a date; write it as 2026-03-31"},
		{"two lines", "---\ntitle: |\n  a\n  b\nsummary: S\ndate: 2026-03-31\n---\n", "x.mdx:2:8: title must be one line, without tabs"},
		{"long", "---\ntitle: " + strings.Repeat("é", 121) + "\nsummary: S\ndate: 2026-03-31\n---\n", "x.mdx:2:8: title has 121 characters; shorten it to 120"},
		{"code", "---\n" + good + "acs:\n  - PA.I.F.K2b\n  - PA.1.F.K2\n---\n", "x.mdx:7:5: \"PA.1.F.K2\" is not a code of the ACS; write it as PA.I.F.K2b"},
		{"codes in one", "---\n" + good + "acs: PA.I.F.K2b\n---\n", "x.mdx:5:6: acs must be a list"},
		{"source", "---\n" + good + "sources:\n  - title: A\n    url: http://a.org\n---\n", "x.mdx:7:10: \"http://a.org\" is not an address that begins with https://"},
		{"half a source", "---\n" + good + "sources:\n  - title: A\n---\n", "x.mdx:6:5: url is missing; add a line \"url: …\""},
		{"source as text", "---\n" + good + "sources: [a]\n---\n", "x.mdx:5:11: here must be fields, each as \"name: value\""},
		{"alias", "---\ntitle: &a T\nsummary: *a\ndate: 2026-03-31\n---\n", "x.mdx:2:8: the front matter uses \"&\"; write the value itself\nx.mdx:3:10: the front matter uses \"*\"; write the value itself"},
		{"syntax", "---\n" + good + "acs: [a\n---\n", "x.mdx:5:6: the front matter is not YAML: sequence end token ']' not found"},
		{"twice", "---\n" + good + "title: T\n---\n", "x.mdx:5:1: the front matter is not YAML: mapping key \"title\" already defined"},
		{"nested", "---\n" + good + "acs: " + strings.Repeat("[", 100) + "\n---\n", "x.mdx:5:1: the front matter is nested deeper than 16 levels; make it flatter"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := mdx.Render("lessons/x.mdx", []byte(tc.src), files)
			if diff := cmp.Diff(tc.want, text(faults)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// text is the faults a line each, without the folder.
func text(faults []mdx.Fault) string {
	var lines []string
	for _, f := range faults {
		lines = append(lines, strings.TrimPrefix(f.String(), "lessons/"))
	}
	return strings.Join(lines, "\n")
}
