package mdx_test

import (
	"fmt"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest"
)

// tagged is Markdown with tags, expressions, directives and statements. Its
// HTML is in testdata/tags.txt.
var tagged = []struct{ name, markdown string }{
	{"callout", "<Callout>\na *b*\n</Callout>"},
	{"callout with empty lines", "<Callout kind=\"tip\" title=\"The *best* `glide` &amp; more\">\n\na\n\n- b\n\n</Callout>\nc"},
	{"callout on one line", "<Callout kind='danger'>a **b**</Callout>"},
	{"callout indented", "<Callout>\n    a\n        b\n\n    ```sh\n    c\n      d\n    ```\n    </Callout>"},
	{"callout between text", "a\n<Callout>\nb\n</Callout>\nc"},
	{"in a list", "1. a\n\n   <Callout>\n\n   b\n\n   ```js title=\"x\" {1,3-4}\n   c {d} <e>\n   ```\n\n   </Callout>\n\n2. f"},
	{"in a short list", "- a\n  <Callout>\n  b\n  </Callout>\n- c"},
	{"in a quote", "> <Callout\n>   kind=\"tip\"\n> >\n> a\n> </Callout>"},
	{"tabs", "<Tabs>\n  <TabItem label=\"a &quot;b&quot; <c>\">\n    - d\n      - e\n  </TabItem>\n  <TabItem label={`f`}>g</TabItem>\n</Tabs>"},
	{"tabs on one line", "<Tabs><TabItem label=\"a\">b</TabItem></Tabs>"},
	{"steps", "<Steps>\n\n1. a\n2. b\n\n   ```\n   c\n   ```\n</Steps>"},
	{"figure", "<Figure src=\"../media/a.svg\"\n  alt='b \"c\"'\n  caption={\"d *e* [f](b.mdx)\"}\n/>"},
	{"deep", "<Callout>\n<Callout>\n<Tabs>\n<TabItem label=\"a\">\n<Steps>\n1. b\n   <Callout>\n   c\n   </Callout>\n</Steps>\n</TabItem>\n</Tabs>\n</Callout>\n</Callout>"},
	{"directives", ":::tip[The *best*]\na\n:::\n\n::::note\n:::danger\nb\n:::\n::::"},
	{"directive", "- a\n\n  :::caution\n  b\n\n  <Tabs>\n  </Tabs>\n  :::\n\nc"},
	{"fragment", "<>\na\n</>\n\nb <>c</> d"},
	{"fragment by name", "<Fragment>\na\n</Fragment>\n\nb <Fragment>c *d*</Fragment> e <Fragment/>\n\n<Tabs>\n<Fragment slot=\"first\" key={1}>\n<TabItem label=\"f\">\n\n- g\n\n</TabItem>\n</Fragment>\n</Tabs>"},
	{"fragment on one line", "<Fragment slot=\"a\"><Callout>b</Callout></Fragment>"},
	{"HTML", "H<sub>2</sub>O <kbd>a</kbd><br/><abbr title=\"b &amp; c\">d</abbr>"},
	{"HTML blocks", "<details open>\n<summary>a *b*</summary>\n\nc\n\n</details>\n\n<ol start={3}>\n<li>d</li>\n</ol>"},
	{"text", "a {\"b < *c*\"} {'\\u00e9\\t'} {`d\ne`} {1.50} {-0x10} {1e3}\n\n{\"f\"}\n\n## g {\"h\"}"},
	{"exports", "export const name = \"a\"\nexport const list = [1, {b: 'c', 'd': [true, null,]},]\n\nf {name}\n\n<Callout title={name} />"},
	{"headings", "## a {/*b*/}\n\n## c {/* d */}\n\n[e](#b) [f](#c)"},
	{"comments", "a {/* <b> {c} */}d\n\n{/*\n\n- e\n*/}\n\n<Callout>\n{/* f */}\ng\n</Callout>"},
	{"four ticks", "````md\n```js\n<a>\n```\n````"},
	{"indented blocks", "<div>\n    ## a\n\n    > b\n\n    | c |\n    |---|\n    | d |\n\n    ---\n\n    1. e\n       - f\n    2. g\n</div>"},
	{"indented headings", "<div>\n    a\n    ---\n\n    b\n        2. c\n        ---\n</div>"},
	{"escapes", "\\<Callout> \\{a} a < b {'{'} <https://x.org> 5 <6\n\n<https://x.org/>"},
	{"table", "| <kbd>a</kbd> | {\"b\"} |\n|---|---|\n| c | d<br/>e |"},
	{"empty", "<Callout></Callout>\n\n<Callout/>\n\n<Tabs />"},
	{"footnote", "<Callout>\na[^b]\n</Callout>\n\n[^b]: <kbd>c</kbd>"},
	{"crlf", "<Callout\r\n  kind=\"tip\"\r\n>\r\na\r\n</Callout>\r\n{/* b */}\r\n"},
	{"lazy", "- a\n<Callout>\nb\n</Callout>"},
	{"tab", "<Callout>\n\ta\n\n\t- b\n\t- c\n\n\t\t- d\n</Callout>"},
}

func TestTags(t *testing.T) {
	t.Parallel()

	var b strings.Builder
	for _, tc := range tagged {
		lesson, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
		for _, f := range faults {
			t.Errorf("%s: %s", tc.name, f)
		}
		if problem := dangerous(lesson.HTML); problem != "" {
			t.Errorf("%s has %s", tc.name, problem)
		}
		fmt.Fprintf(&b, "=== %s\n%s\n---\n%s", tc.name, strings.ReplaceAll(tc.markdown, "\r", "\\r"), lesson.HTML)
	}
	platformtest.Golden(t, "tags.txt", b.String())
}
