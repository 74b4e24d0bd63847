package mdx_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

// faultCase is Markdown and its faults, without the name of the lesson.
type faultCase struct{ name, markdown, want string }

func testFaults(t *testing.T, cases []faultCase) {
	t.Parallel()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			lesson, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
			if diff := cmp.Diff(tc.want, strings.ReplaceAll(text(faults), "x.mdx:", "")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if lesson.HTML != "" {
				t.Errorf("a faulty lesson has HTML: %s", lesson.HTML)
			}
		})
	}
}

func TestTagFaults(t *testing.T) { testFaults(t, tagFaults) }

var tagFaults = []faultCase{
	{"unknown", "a <Chart kind=\"x\">", "6:3: <Chart> is not a component of this handbook; write Markdown, or \\< for the character"},
	{"slip of a name", "<Calout>\n</Calout>", "6:1: <Calout> is not a component of this handbook; did you mean <Callout>?"},
	{"end of a directive within a tag", ":::note\n<Callout title=\"a\n:::\nb\">\n</Callout>", "7:16: the value of title is not closed; end it with \""},
	{"unknown block", "<Chart>\n\nx\n\n</Chart>", "6:1: <Chart> is not a component of this handbook; write Markdown, or \\< for the character"},
	{"part of something", "<A.B/>\n\n<a:b/>", "6:1: <A.B> is no name of a component; write one of letters only\n" +
		"8:1: <a:b> is no name of a component; write one of letters only"},
	{"HTML", "<script>\nalert(1)\n</script>", "6:1: <script> is HTML that lessons do not have; write Markdown, or \\< for the character"},
	{"HTML that Markdown has", "a <a href=\"x\">b</a> <p>c</p>", "6:3: <a> is HTML that lessons do not have; write [text](address)\n" +
		"6:21: <p> is HTML that lessons do not have; leave it out; an empty line ends a paragraph"},
	{"HTML in a table", "|a|\n|-|\n|<i>|", "8:2: <i> is not closed; add </i> before the end of this cell, or write \\< for the character"},
	{"attribute of HTML", "a <b class=\"x\" onclick={1} {...y}>b</b>", "6:6: <b> takes no class here; remove it\n" +
		"6:16: <b> takes no onclick here; remove it\n" +
		"6:28: <b> takes no {...} here; remove it"},
	{"values of HTML", "<details open=\"x\">\n</details>\n<ol start={-1}>\n</ol>", "6:10: \"x\" is no value of open; write open alone\n" +
		"8:5: \"-1\" is no value of start; write a whole number from 0, as start={3}"},
	{"attribute of a fragment", "<Fragment set:html={\"x\"} {...y}>\na\n</Fragment>", "6:11: <Fragment> takes no set:html here; remove it\n" +
		"6:26: <Fragment> takes no {...} here; remove it"},
	{"content of a fragment", "<Tabs>\n<Fragment>\na\n</Fragment>\n</Tabs>\n\n<Steps>\n<>\n\nb\n\n</>\n</Steps>", "6:1: inside <Tabs> stands text; only <TabItem> may\n" +
		"12:1: inside <Steps> stands text; only <ol> may"},
	{"fragment not closed", "<Fragment slot=\"a\">\n\nb", "6:1: <Fragment> is not closed; add </Fragment> before the end of the lesson, or write \\< for the character"},
	{"import of a fragment", "import { Fragment } from 'react'\n\na", "6:1: <Fragment> is there without an import; remove the import"},
	{"place of HTML", "a <li>b</li>\n\n<b>\nc\n</b>\n\n<hr>\nx\n</hr>", "6:3: <li> stands only directly in <ol> or <ul>; put it there\n" +
		"8:1: <b> stands within a line of text; write it and its end on one line, with nothing but text between\n" +
		"12:1: nothing stands inside <hr>; write <hr />"},
	{"comparison", "V<Vne and V<b", "6:2: <Vne is not closed; end it with > or />, or write \\< for the character\n" +
		"6:12: <b is not closed; end it with > or />, or write \\< for the character"},
	{"not closed", "<Callout>\n\na", "6:1: <Callout> is not closed; add </Callout> before the end of the lesson, or write \\< for the character"},
	{"not closed in an item", "- <Callout>\n\n  a\n\n</Callout>", "6:3: <Callout> is not closed; add </Callout> before the end of this list item, or write \\< for the character"},
	{"closed in an item", "<Callout>\n\n- a\n  </Callout>", "9:3: </Callout> does not close the <Callout> of line 6, because it does not stand in the same block; indent both alike, each on a line of its own"},
	{"closed in the wrong order", "<Callout>\n<Tabs>\n</Callout>\n</Tabs>", "7:1: <Tabs> is not closed; add </Tabs> before </Callout>, or write \\< for the character"},
	{"closed across emphasis", "*a <b>c* d</b>", "6:4: <b> is not closed; add </b> before the end of this piece of text, or write \\< for the character"},
	{"closed below its line", "a <b>c\n\nd</b>", "6:3: <b> is not closed; add </b> before the end of this paragraph, or write \\< for the character"},
	{"closed alone", "a </b>\n\n</Callout>", "6:3: </b> closes nothing; remove it, or write \\< for the character\n" +
		"8:1: </Callout> closes nothing; remove it, or write \\< for the character"},
	{"closed by itself too", "<Callout/> </Callout>", "6:12: </Callout> closes nothing; remove it, or write \\< for the character"},
	{"too deep", strings.Repeat("<div>\n", 34) + strings.Repeat("</div>\n", 34), "38:1: tags are nested deeper than 32 levels; take some of them apart\n" +
		"39:1: tags are nested deeper than 32 levels; take some of them apart"},
	{"syntax", "<Callout, kind=\"tip\">\n</Callout>", "6:9: ',' does not belong into the tag <Callout>; mend it, or write \\< for the tag's first character"},
	{"no value", "<Callout kind=tip>\n</Callout>", "6:15: the value of kind must be a string or stand in braces; write kind=\"…\" or kind={…}"},
	{"no value at all", "<Callout kind={}>\n</Callout>", "6:17: the braces are empty; write a value of kind"},
	{"value not closed", "a\n\n<Callout kind=\"tip>\nb\n\nc", "8:15: the value of kind is not closed; end it with \""},
	{"slash", "<Callout / kind=\"tip\">\n</Callout>", "6:11: / stands only before the > of a tag that nothing closes"},
	{"closing with more", "<Callout></Callout kind=\"tip\">", "6:20: </Callout> has nothing but its name; write </Callout>, or \\< for the character"},
	{"block in a line", "a <Callout>b</Callout> c", "6:3: <Callout> does not fit into a line of text; put it and its end on lines of their own"},
	{"alternative text", "![a <b>c</b>](../media/a.svg)", "6:1: the alternative text of an image has no tags and formulas; write text alone"},
	{"directive", ":::warning\na\n:::\n\n:::note{x}\na\n:::\n\n:::tip\na", "6:1: there is no :::warning; the handbook has :::note, :::tip, :::caution and :::danger\n" +
		"10:9: between the braces stand pairs of name=\"value\"; mend or remove them\n" +
		"14:1: :::tip is not closed; end it with a line of :::, indented alike"},
	{"end of a directive alone", "a\n\n:::\n\n::: note", "8:1: this is neither :::note[title] nor the end of one; mend it, or write \\: for the first character\n" +
		"10:1: this is neither :::note[title] nor the end of one; mend it, or write \\: for the first character"},
}

func TestPropFaults(t *testing.T) { testFaults(t, propFaults) }

var propFaults = []faultCase{
	{"unknown", "<Callout knd=\"tip\" x>\n</Callout>", "6:10: <Callout> takes no knd; did you mean kind?\n" +
		"6:20: <Callout> takes no x; it takes kind, title"},
	{"missing", "<Tabs>\n<TabItem>\n</TabItem>\n</Tabs>", "7:1: <TabItem> needs label; add label=\"…\""},
	{"empty", "<Tabs>\n<TabItem label=\" \">\n</TabItem>\n</Tabs>", "7:10: label of <TabItem> is empty; give it a value"},
	{"null", "<Tabs>\n<TabItem label={null}>\n</TabItem>\n</Tabs>", "7:10: <TabItem> needs label; null is none"},
	{"type", "<Callout kind={5} title={[\"a\"]}>\n</Callout>", "6:10: kind of <Callout> must be a string; write kind=\"note\"\n" +
		"6:19: title of <Callout> must be a string; write title=\"…\""},
	{"value", "<Callout kind=\"warning\">\n</Callout>", "6:10: kind of <Callout> is one of note, tip, caution, danger; \"warning\" is not"},
	{"twice", "<Callout kind=\"tip\" kind=\"tip\">\n</Callout>", "6:21: kind is given twice; remove one"},
	{"spread", "<Callout {...props}>\n</Callout>", "6:11: {...} gives attributes that nobody sees; write each by its name"},
	{"Markdown", "<Callout title=\"# a\">\n</Callout>\n\n<Callout title=\"<X/> [b](javascript:c) {d}\">\n</Callout>", "6:16: title of <Callout>: a lesson's title is in its front matter; begin headings with ##\n" +
		"6:16: title of <Callout>: it takes a line of text, without lists, headings, images and the like\n" +
		"9:16: title of <Callout>: <X> is not a component of this handbook; write Markdown, or \\< for the character\n" +
		"9:16: title of <Callout>: \"javascript:\" is not allowed; a link takes https, mailto, a file of the module or a #heading\n" +
		"9:16: title of <Callout>: the lesson exports no d; write its value, or a line \"export const d = …\""},
	{"picture", "<Figure src=\"../a.png\" alt=\"a\" />\n\n<Figure src=\"https://x.org/a.png\" alt=\" \" />", "6:9: the module has no \"a.png\"; paths count from the lesson's own folder\n" +
		"8:9: the image has no alternative text; say in alt what it shows\n" +
		"8:9: \"https://x.org/a.png\" is no file of this module; copy the image to media/ and name it there\n" +
		"8:35: alt of <Figure> is empty; give it a value"},
	{"within", "<TabItem label=\"a\">\n</TabItem>\n\n<Callout>\n- <TabItem label=\"a\">\n  </TabItem>\n</Callout>", "6:1: <TabItem> stands only directly in <Tabs>; put it there\n" +
		"10:3: <TabItem> stands only directly in <Tabs>; put it there"},
	{"only", "<Tabs>\na\n</Tabs>\n\n<Steps>\n- a\n</Steps>\n\n<Steps>\n<Tabs>\n</Tabs>\n</Steps>", "6:1: inside <Tabs> stands text; only <TabItem> may\n" +
		"10:1: inside <Steps> stands <ul>; only <ol> may\n" +
		"14:1: inside <Steps> stands <Tabs>; only <ol> may"},
	{"nothing inside", "<Figure src=\"../media/a.png\" alt=\"a\">\nb\n</Figure>", "6:1: nothing stands inside <Figure>; end it with />"},
	{"script", "<Callout title={title()}>\n</Callout>\n\n<Callout title={a.b} kind={`${a}`}>\n</Callout>", "6:17: this is no data; write a number, a string, true, false, null, […] or {…}\n" +
		"9:17: this is no data; write a number, a string, true, false, null, […] or {…}\n" +
		"9:29: ${…} is script; write its value"},
	{"element as a value", "<Callout title={<b>a</b>}>\n</Callout>", "6:17: this is no data; write a number, a string, true, false, null, […] or {…}"},
	{"name", "<Callout title={title}>\n</Callout>", "6:17: the lesson exports no title; write its value, or a line \"export const title = …\""},
	{"name of a name", "export const a = b\n\n<Callout title={a}>\n</Callout>", "6:18: an export takes no name of another; write the value of b"},
	{"numbers", "<Callout title={1x} kind={1e999} />\n\n{0x} {1.2.3}", "6:17: \"1x\" is not a number\n" +
		"6:27: \"1e999\" is too large a number\n" +
		"8:2: \"0x\" is not a number\n" +
		"8:7: \"1.2.3\" is not a number"},
	{"strings", "{\"a} {'\\u{110000}'} {\"\\x0\"}\n\n{'a\nb'}", "6:12: \"110000\" is not the number of a character\n" +
		"8:2: the string is not closed; end it with '"},
	{"fields", "{{\"__proto__\": 1}} {{[a]: 1}} {{a 1}} {{1}} {[1 2]}", "6:3: this is no name of a field\n" +
		"6:23: this is nested deeper than 32 levels; make it flatter\n" +
		"6:35: a comma or } is missing here\n" +
		"6:42: a : is missing here\n" +
		"6:49: a comma or ] is missing here"},
	{"deep array", "{" + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", "6:35: this is nested deeper than 32 levels; make it flatter"},
}

func TestExpressionFaults(t *testing.T) { testFaults(t, expressionFaults) }

var expressionFaults = []faultCase{
	{"name", "a {b} c", "6:4: the lesson exports no b; write its value, or a line \"export const b = …\""},
	{"script", "a {b()} c\n\n{b ? \"}\" : '{'}\n\nd", "6:3: {…} is an expression, and none is evaluated here; write its value, or \\{ for the character\n" +
		"8:1: {…} is an expression, and none is evaluated here; write its value, or \\{ for the character"},
	{"not text", "{true} {[1]} {null}", "6:1: only a string or a number is text; write it, or \\{ for the character\n" +
		"6:8: only a string or a number is text; write it, or \\{ for the character\n" +
		"6:14: only a string or a number is text; write it, or \\{ for the character"},
	{"not closed", "> {\n> b\n\nc", "6:3: the { is not closed; end it with }, or write \\{ for the character"},
	{"not closed in a line", "a {b(\n\nc", "6:3: the { is not closed; end it with }, or write \\{ for the character"},
	{"open comment", "a {/* b", "6:3: the comment is not closed; end it with */}"},
	{"open comment block", "a\n\n{/* b\n\nc", "8:1: the comment is not closed; end it with */}"},
	{"id of a heading", "## a {#b}", "6:6: this is no id of a heading; write it as {/*id*/} at its end"},
	{"same id twice", "## a {/*b*/}\n\n## b\n\n## c {/*b*/}", "10:6: another heading has the id b; choose another"},
	{"import", "a\n\nimport X from './x'\nimport {Y} from 'y'\n\nb", "8:1: the module has no component to import from \"./x\"; paths count from the lesson's own folder\n" +
		"9:1: the module has no component to import from \"y\"; paths count from the lesson's own folder"},
	{"import of what is there", "import { Tabs } from '@x/components'", "6:1: <Tabs> is there without an import; remove the import"},
	{"import of its effect", "import './style.css'", "6:1: the module has no component to import from \"./style.css\"; paths count from the lesson's own folder"},
	{"sentence", "import duties are high\nin summer", "6:1: a line that begins with \"import\" is JavaScript, and a lesson has but imports of components and \"export const name = …\" of data; remove it, or begin the sentence otherwise"},
	{"export of script", "export const f = () => {\n  return 1\n}\n\nexport function g() {}\n\nexport default 5", "6:1: a line that begins with \"export\" is JavaScript, and a lesson has but imports of components and \"export const name = …\" of data; remove it, or begin the sentence otherwise\n" +
		"10:1: a line that begins with \"export\" is JavaScript, and a lesson has but imports of components and \"export const name = …\" of data; remove it, or begin the sentence otherwise\n" +
		"12:1: a line that begins with \"export\" is JavaScript, and a lesson has but imports of components and \"export const name = …\" of data; remove it, or begin the sentence otherwise"},
	{"import and text", "import X from './x'; x\n\nexport const a = 1\ntext", "6:1: a line that begins with \"import\" is JavaScript, and a lesson has but imports of components and \"export const name = …\" of data; remove it, or begin the sentence otherwise\n" +
		"9:1: text follows an import or export; put an empty line between"},
}
