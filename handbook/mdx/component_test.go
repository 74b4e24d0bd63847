package mdx_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

// tools is a registry with a component that takes all there is.
func tools(name string) (mdx.Component, bool) {
	switch name {
	case "Wind":
		return mdx.Component{
			Element: "hb-wind",
			Props: []mdx.Prop{
				{Name: "speed", Type: mdx.Number, Required: true},
				{Name: "gusts", Type: mdx.Boolean},
				{Name: "runways", Type: mdx.Array},
				{Name: "from", Type: mdx.Object},
				{Name: "unit", Values: []string{"kt", "m/s"}, Default: "kt"},
			},
			Render: func(t mdx.Tag) (before, after string) {
				return fmt.Sprintf("<p>%d: %s %s in %q</p>", t.Number, t.Text("speed"), t.Text("unit"), t.Within), ""
			},
		}, true
	case "Unit":
		return mdx.Component{Inline: true, Element: "hb-unit"}, true
	}
	return mdx.Builtin(name)
}

func withTools() mdx.Resolver {
	r := files
	r.Component = tools
	r.Import = func(path, name string) (mdx.Component, bool) {
		if path == "components/wind" && name == "default" || path == "components/all" && name == "Wind" {
			return tools("Wind")
		}
		return mdx.Component{}, false
	}
	return r
}

func TestComponent(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, markdown, want string }{
		{"props", "<Wind speed={12.5} gusts runways={[\"09\", '27']} from={{degrees: 2.7e2, true: null}} />",
			`<hb-wind data-props="{&#34;from&#34;:{&#34;degrees&#34;:270,&#34;true&#34;:null},&#34;gusts&#34;:true,&#34;runways&#34;:[&#34;09&#34;,&#34;27&#34;],` +
				`&#34;speed&#34;:12.5,&#34;unit&#34;:&#34;kt&#34;}"><p>1: 12.5 kt in &#34;&#34;</p></hb-wind>` + "\n"},
		{"hostile props", "<Wind speed={1} runways={['</hb-wind><script>\"', \"&quot;\"]} />",
			`<hb-wind data-props="{&#34;runways&#34;:[&#34;\u003c/hb-wind\u003e\u003cscript\u003e\&#34;&#34;,&#34;\u0026quot;&#34;],&#34;speed&#34;:1,&#34;unit&#34;:&#34;kt&#34;}">` +
				`<p>1: 1 kt in &#34;&#34;</p></hb-wind>` + "\n"},
		{"names", "export const all = {a: [1, 2]}\n\n<Wind speed={1} from={{b: all, all}} unit=\"m/s\" />",
			`<hb-wind data-props="{&#34;from&#34;:{&#34;all&#34;:{&#34;a&#34;:[1,2]},&#34;b&#34;:{&#34;a&#34;:[1,2]}},&#34;speed&#34;:1,&#34;unit&#34;:&#34;m/s&#34;}">` +
				`<p>1: 1 m/s in &#34;&#34;</p></hb-wind>` + "\n"},
		{"inline", "a <Unit>b</Unit> c", `<p>a <hb-unit data-props="{}">b</hb-unit> c</p>` + "\n"},
		{"inline alone", "<Unit>b</Unit>", `<p><hb-unit data-props="{}">b</hb-unit></p>` + "\n"},
		{"inline in an element alone", "<b><Unit /></b>", `<b><hb-unit data-props="{}"></hb-unit></b>`},
		{"imports", "import Breeze from '../components/wind'\nimport {\n  Wind as Gale,\n} from \"../components/all\";\n\n<Breeze speed={1} />\n<Gale speed={2} />",
			`<hb-wind data-props="{&#34;speed&#34;:1,&#34;unit&#34;:&#34;kt&#34;}"><p>1: 1 kt in &#34;&#34;</p></hb-wind>` + "\n" +
				`<hb-wind data-props="{&#34;speed&#34;:2,&#34;unit&#34;:&#34;kt&#34;}"><p>2: 2 kt in &#34;&#34;</p></hb-wind>` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), withTools())
			for _, f := range faults {
				t.Error(f)
			}
			if diff := cmp.Diff(tc.want, got.HTML); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestKeep lets pass what is unknown, and only that.
func TestKeep(t *testing.T) {
	t.Parallel()

	r := withTools()
	r.Unknown = mdx.Keep
	src := front + `import { Card, Wind } from '@site/components'
import './style.css'

export const shout = (x) => {

  return x.toUpperCase()
}

<Card icon={<Star />} {...props}>

a <Badge text={shout('b')} /> <span class="c">d</span> {shout("e")} {f}

</Card>

<Card>g</Card>

:::info
h
:::
`
	got, faults := mdx.Render("lessons/x.mdx", []byte(src), r)
	for _, f := range faults {
		t.Error(f)
	}
	kept := []mdx.Kept{
		{":::info", 1, 22, 1},
		{"<Badge>", 1, 16, 3},
		{"<Card>", 2, 14, 1},
		{"<span>", 1, 16, 31},
		{"export", 1, 9, 1},
		{"import ./style.css", 1, 7, 1},
		{"import @site/components", 1, 6, 1},
		{"{f}", 1, 16, 70},
		{"{…}", 2, 16, 16},
	}
	if diff := cmp.Diff(kept, got.Kept); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const html = "<div>\n<p>a  d  </p>\n</div>\n<p>g</p>\n<div>\n<p>h</p>\n</div>\n"
	if diff := cmp.Diff(html, got.HTML); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	_, faults = mdx.Render("lessons/x.mdx", []byte(front+"# a\n\n<Card>\n\n{b("), r)
	want := "x.mdx:6:1: a lesson's title is in its front matter; begin headings with ##\n" +
		"x.mdx:8:1: <Card> is not closed; add </Card> before the end of the lesson, or write \\< for the character\n" +
		"x.mdx:10:1: the { is not closed; end it with }, or write \\{ for the character"
	if diff := cmp.Diff(want, text(faults)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestKeptWords shows what unknown components say by their attributes, and
// what stands inside known ones that are not used as they must be.
func TestKeptWords(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, markdown, want string }{
		{"card", "<LinkCard title=\"A & B\" description=\"c <d>\" href=\"b.mdx#x\" icon=\"e\" />",
			`<div><p><strong><a href="/modules/private/lessons/b#x">A &amp; B</a></strong></p>` + "\n<p>c &lt;d&gt;</p>\n</div>\n"},
		{"elsewhere", "a <LinkButton href=\"https://example.com/?a&b\">b</LinkButton> <a href=\"https://example.com\">c</a>",
			`<p>a b <a href="https://example.com" rel="noopener">c</a></p>` + "\n"},
		{"badge", "a <Badge text=\"new\" />", "<p>a <b>new</b></p>\n"},
		{"code", "export const fence = `a\n<b>`\n\n<Code code={fence} />", "<div><pre><code>a\n&lt;b&gt;\n</code></pre>\n</div>\n"},
		{"prop", "<Tabs syncKey=\"a\">\n<TabItem label=\"b\" icon=\"c\">\n\nd\n\n</TabItem>\n</Tabs>",
			`<hb-tabs data-props="{}">` + "\n" + `<section class="tab"><p class="title">b</p>` + "\n<p>d</p>\n</section>\n</hb-tabs>\n"},
		{"no list", "<Steps>\n\na\n\n</Steps>", "<div>\n<p>a</p>\n</div>\n"},
		{"picture elsewhere", "<Figure src=\"https://example.com/a.png\" alt=\"a\" caption=\"b\" />", "<div><p>b</p>\n</div>\n"},
		{"in a line", "a <div>b</div>", "<p>a b</p>\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			r := files
			r.Unknown = mdx.Keep
			got, faults := mdx.Render("lessons/a.mdx", []byte(front+tc.markdown), r)
			for _, f := range faults {
				t.Error(f)
			}
			if diff := cmp.Diff(tc.want, got.HTML); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(got.Kept) == 0 {
				t.Error("nothing is listed as kept")
			}
		})
	}

	r := files
	r.Unknown = mdx.Keep
	_, faults := mdx.Render("lessons/a.mdx", []byte(front+`<LinkCard title="a" href="/b/" />`), r)
	if want := "is not relative"; !strings.Contains(text(faults), want) {
		t.Errorf("got %q, want a fault that says %q", text(faults), want)
	}
}
