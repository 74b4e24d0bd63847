package mdx_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest/hostile"
)

func TestHostileMarkdown(t *testing.T) {
	t.Parallel()

	for _, markdown := range slices.Concat(hostile.Markdown(), hostile.HTML()) {
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

	for _, src := range hostile.HTML() {
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
	"img": {"src", "alt", "title", "width", "height", "loading", "decoding", "class"}, "picture": nil, "source": {"type", "srcset", "sizes", "media"},
	"b": nil, "bdi": nil, "cite": nil, "dd": nil, "dfn": nil, "dl": nil, "dt": nil, "i": nil, "ins": nil, "kbd": nil,
	"mark": nil, "q": nil, "s": nil, "samp": nil, "small": nil, "sub": nil, "summary": nil, "u": nil, "var": nil, "wbr": nil,
	"span": {"class"}, "abbr": {"title"}, "details": {"open"}, "aside": {"class"}, "section": {"class"},
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
	if strings.HasPrefix(n.Data, "hb-") || strings.HasPrefix(n.Data, "m-") { // a custom element
		attributes, known = []string{"data-props"}, true
	}
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
		if dangerousAddress(a) {
			return "the address " + a.Val
		}
	}
	return ""
}

// dangerousAddress tells whether a link runs something, or an image is loaded
// from another site.
func dangerousAddress(a html.Attribute) bool {
	switch a.Key {
	case "href":
		u, err := url.Parse(a.Val)
		return err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme)
	case "src", "srcset":
		for file := range strings.SplitSeq(a.Val, ", ") {
			if u, err := url.Parse(file); err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(file, "/") || strings.Contains(file, `\`) {
				return true
			}
		}
	}
	return false
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
