package mdx_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"pilothandbook/handbook/mdx"
)

// hostileHTML is what must not survive the sanitiser, whatever wrote it.
var hostileHTML = []string{
	`<script>alert(1)</script>`,
	`<scr<script>ipt>alert(1)</script>`,
	`<img src=x onerror=alert(1)>`,
	`<img src="javascript:alert(1)" alt="a">`,
	`<img src="data:image/svg+xml,<svg onload=alert(1)>" alt="a">`,
	`<svg><script>alert(1)</script></svg>`,
	`<svg/onload=alert(1)>`,
	`<math><mtext><script>alert(1)</script></mtext></math>`,
	`<math><mi//xlink:href="data:x,<script>alert(4)</script>">`,
	`<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math><mi><mglyph></mi><malignmark><p><img src=x onerror=alert(1)></math>`,
	`<math href="javascript:alert(1)"><maction actiontype="statusline#javascript:alert(1)">a</maction></math>`,
	`<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">`,
	`<math alttext="&quot; onload=&quot;alert(1)" style="color:red" class="tml-l0 evil"><mspace width="99999em"></mspace></math>`,
	`<table><td background="javascript:alert(1)">`,
	`<a href="javascript&colon;alert(1)">a</a>`,
	"<a href=\"java\nscript:alert(1)\">a</a>",
	"<a href=\" \x01javascript:alert(1)\">a</a>",
	`<a href="JaVaScRiPt:alert(1)">a</a>`,
	`<a href="vbscript:alert(1)">a</a>`,
	`<a href="data:text/html;base64,PHNjcmlwdD4=">a</a>`,
	`<a href="https://x.org" target="_blank" onclick="alert(1)">a</a>`,
	`<p style="background:url(javascript:alert(1))">a</p>`,
	`<p id="x" class="y" onmouseover=alert(1)>a</p>`,
	`<div class="table evil" tabindex="5" role="alert">a</div>`,
	`<h2 id="a b" name="c">a</h2>`,
	`<iframe src="https://x.org"></iframe><object data=x></object><embed src=x>`,
	`<form action="https://x.org"><input name="password"><button>a</button></form>`,
	`<input type="image" src="x">`,
	`<base href="https://x.org/"><meta http-equiv="refresh" content="0;url=https://x.org"><link rel="stylesheet" href="x">`,
	`<template><script>alert(1)</script></template><noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
	`<style>@import 'https://x.org';</style><textarea><script>alert(1)</script></textarea>`,
	`<xmp><img src=x onerror=alert(1)></xmp><plaintext><script>alert(1)</script>`,
	`<!--><img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]>`,
	`<figcaption title="&quot;><script>alert(1)</script>">a</figcaption>`,
	"<img alt=\"`><script>alert(1)</script>\" src=\"/a\">",
	`<a title='"><img src=x onerror=alert(1)>' href="/a">a</a>`,
	"<p\x00 onclick=alert(1)>a</p><\x00script>alert(1)</\x00script>",
	`<code class="language-x&quot; onclick=&quot;alert(1)">a</code>`,
}

// hostileMarkdown is Markdown that other renderers turn into script.
var hostileMarkdown = []string{
	`[a](javascript:alert(1))`,
	`[a](<javascript:alert(1)>)`,
	`[a](&#x6A;&#x61;vascript:alert(1))`,
	`[a](java&NewLine;script:alert(1))`,
	`[a](javascript&#58;alert(1))`,
	`[a](\javascript:alert(1))`,
	`[a]( javascript:alert(1))`,
	"[a](<\x01javascript:alert(1)>)",
	`[a](vbscript:x) [a](file:///etc/passwd) [a](blob:x) [a](view-source:x)`,
	"[a]\n\n[a]: javascript:alert(1)",
	`![a](javascript:alert(1))`,
	`![a"onerror="alert(1)](../media/a.svg)`,
	`![a](../media/a.svg "x\" onerror=\"alert(1)")`,
	`![a](../media/a.svg"onerror="alert(1))`,
	`[a](https://x.org "x\"onclick=\"alert(1)")`,
	`[a](https://x.org"onclick="alert(1))`,
	`[a](https://x.org/'onclick='alert(1))`,
	"```js\" onclick=\"alert(1)\nx\n```",
	"```<script>\nx\n```",
	"~~~\n</code></pre><script>alert(1)</script>\n~~~",
	"`</code><script>alert(1)</script>`",
	`<https://x.org/"onclick="alert(1)>`,
	`<javascript:alert(1)> <data:text/html,x>`,
	`https://x.org/"onclick="alert(1)`,
	`www.x.org/<script>alert(1)</script>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	`&#60;script&#62;alert(1)&#60;/script&#62;`,
	`\<script>alert(1)\</script>`,
	"## \"onclick=\"alert(1)",
	"[^\"onclick=\"alert]\n\n[^\"onclick=\"alert]: x",
	"| a |\n|:-\"onclick=\"alert(1)|\n| b |",
	`<a href="https://x.org" onclick="alert(1)">`,
	`{alert(1)} {...x} {/* </p> <script> */}`,
	`export const x = alert(1)`,
	`[a](lessons:javascript:alert(1)) [b](x.mdx/javascript:alert(1))`,
	`![[a](javascript:alert(1))](../media/a.svg)`,
	`[![a](../media/a.svg)](javascript:alert(1))`,
	"a<scr\x00ipt>alert(1)",
}

func TestHostileMarkdown(t *testing.T) {
	t.Parallel()

	for _, markdown := range slices.Concat(hostileMarkdown, hostileHTML) {
		lesson, faults := mdx.Render("lessons/x.mdx", []byte(front+markdown), files)
		if len(faults) == 0 && lesson.HTML == "" {
			t.Errorf("%q vanished without a fault", markdown)
		}
		if problem := dangerous(lesson.HTML); problem != "" {
			t.Errorf("%q has %s:\n%s", markdown, problem, lesson.HTML)
		}
	}
}

func TestSanitise(t *testing.T) {
	t.Parallel()

	for _, src := range hostileHTML {
		once := mdx.Sanitise(src)
		if problem := dangerous(once); problem != "" {
			t.Errorf("%q leaves %s: %s", src, problem, once)
		}
		if twice := mdx.Sanitise(once); twice != once {
			t.Errorf("%q gives %q, and that %q", src, once, twice)
		}
	}
}

// allowed is written out once more, independently of the sanitiser's list.
var allowed = map[string][]string{
	"p": {"class"}, "blockquote": nil, "ul": nil, "li": {"id"}, "hr": nil, "br": nil, "em": nil, "strong": nil, "del": nil,
	"pre": nil, "figure": nil, "figcaption": nil, "table": nil, "thead": nil, "tbody": nil, "tr": nil,
	"h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "sup": {"id"}, "code": {"class"}, "ol": {"start"},
	"th": {"class", "scope"}, "td": {"class"}, "div": {"class", "role", "tabindex", "aria-label"},
	"a": {"href", "title", "rel", "class", "role"}, "input": {"type", "checked", "disabled"},
	"img": {"src", "alt", "title", "width", "height", "loading", "decoding"},
	"b":   nil, "bdi": nil, "cite": nil, "dd": nil, "dfn": nil, "dl": nil, "dt": nil, "i": nil, "ins": nil, "kbd": nil,
	"mark": nil, "q": nil, "s": nil, "samp": nil, "small": nil, "sub": nil, "summary": nil, "u": nil, "var": nil, "wbr": nil,
	"span": {"class"}, "abbr": {"title"}, "details": {"open"}, "aside": {"class"}, "section": {"class"}, "hb-tabs": {"data-props"},
}

// mathematics is what MathML may have, as far as it can do no harm.
var mathematics = strings.Fields("math mrow mi mn mo mtext mspace mstyle mfrac msqrt mroot msub msup msubsup munder mover munderover " +
	"mmultiscripts mprescripts mtable mtr mtd mpadded mphantom menclose")

// dangerous tells what in the HTML, as a browser reads it, a lesson must not
// have.
func dangerous(src string) string {
	doc, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return err.Error()
	}
	for n := range doc.Descendants() {
		if problem := dangerousNode(n); problem != "" {
			return problem
		}
	}
	return ""
}

func dangerousNode(n *html.Node) string {
	if n.Namespace == "math" || slices.Contains(mathematics, n.Data) { // MathML within its texts is HTML of no meaning
		return dangerousMath(n)
	}
	attributes, known := allowed[n.Data]
	switch {
	case n.Type == html.CommentNode:
		return "a comment"
	case n.Type != html.ElementNode || n.Data == "html" || n.Data == "head" || n.Data == "body":
		return ""
	case !known || n.Namespace != "":
		return "<" + n.Data + ">"
	}
	for _, a := range n.Attr {
		if !slices.Contains(attributes, a.Key) {
			return "the attribute " + a.Key + " of <" + n.Data + ">"
		}
		if a.Key != "href" && a.Key != "src" {
			continue
		}
		u, err := url.Parse(a.Val)
		if err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme) {
			return "the address " + a.Val
		}
	}
	return ""
}

func dangerousMath(n *html.Node) string {
	if !slices.Contains(mathematics, n.Data) {
		return "<" + n.Data + ">"
	}
	for _, a := range n.Attr {
		if a.Key == "style" || a.Key == "href" || a.Key == "id" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "999") && a.Key != "alttext" {
			return "the attribute " + a.Key + " of <" + n.Data + ">"
		}
	}
	return ""
}
