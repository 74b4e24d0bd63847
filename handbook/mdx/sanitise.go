package mdx

import (
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// Sanitise lets through the elements and attributes that a lesson's HTML may
// have, and nothing else. What it returns, it leaves as it is.
func Sanitise(html string) string {
	if clean, ok := shortcut(html); ok {
		return clean
	}
	return policy().Sanitize(html)
}

// policy is everything that the renderer writes. An element it learns to
// write must be added here, or it is lost.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li", "hr", "br",
		"em", "strong", "del", "sup", "code", "pre", "figure", "figcaption",
		"div", "table", "thead", "tbody", "tr", "th", "td")

	p.AllowURLSchemes("https", "http", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AllowAttrs("href").OnElements("a")
	exactly(p, "rel", "noopener", "a")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowAttrs("alt").OnElements("img")
	exactly(p, "width|height", `[0-9]{1,5}`, "img")
	exactly(p, "loading", "lazy", "img")
	exactly(p, "decoding", "async", "img")
	exactly(p, "class", "invert|themed", "img")
	pictures(p)

	exactly(p, "id", `[\pL\pM\pN]+(-[\pL\pM\pN]+)*`, "h2", "h3", "h4")
	exactly(p, "id", `fn(ref[0-9]*)?:[0-9]+`, "li", "sup")
	exactly(p, "role", "doc-noteref|doc-backlink", "a")
	exactly(p, "class", "footnote-ref|footnote-backref", "a")
	exactly(p, "class", "footnotes|table", "div")
	exactly(p, "role", "doc-endnotes|region", "div")
	exactly(p, "tabindex", "0", "div")
	exactly(p, "aria-label", "Table [0-9]+", "div")

	exactly(p, "class", "left|center|right", "th", "td")
	exactly(p, "scope", "col", "th")
	exactly(p, "start", "[0-9]{1,9}", "ol")
	exactly(p, "class", `language-[A-Za-z0-9+#._-]+`, "code")
	exactly(p, "class", "[ckmsfv]", "span")
	components(p)
	formulas(p)
	exactly(p, "type", "checkbox", "input")
	exactly(p, "checked|disabled", "", "input")
	return p
})

// pictures allows the files of an image: those of this site alone, as any other
// would learn of each reader.
func pictures(p *bluemonday.Policy) {
	const file = `/(?:[A-Za-z0-9_][A-Za-z0-9_./-]*)?(?:\?[0-9a-f]+)?` // the preview adds a checksum
	const wide = file + `(?: [0-9]{1,5}w)?`
	exactly(p, "src", file, "img")
	p.AllowElements("picture")
	exactly(p, "type", "image/webp", "source")
	exactly(p, "srcset", wide+"(?:, "+wide+")*", "source")
	exactly(p, "sizes", regexp.QuoteMeta(measure), "source")
	exactly(p, "media", regexp.QuoteMeta(darkPage), "source")
}

// components allows what a lesson's own tags are made of. What a component
// does by script, its custom element does, from its props; HTML that works
// without is all there is inside.
func components(p *bluemonday.Policy) {
	p.AllowElements("b", "bdi", "cite", "dd", "details", "dfn", "dl", "dt", "i", "ins", "kbd", "mark", "q", "s", "samp",
		"small", "sub", "summary", "u", "var", "wbr")
	p.AllowNoAttrs().OnElements("abbr")
	p.AllowAttrs("title").OnElements("abbr")
	exactly(p, "open", "", "details")

	p.AllowElements("aside", "section")
	exactly(p, "class", "callout (?:note|tip|caution|danger)", "aside")
	exactly(p, "class", "tab", "section")
	exactly(p, "class", "steps", "div")
	exactly(p, "class", "title", "p")

	custom := regexp.MustCompile(`^(?:hb|m)(?:-[a-z][a-z0-9]*)+$`)
	p.AllowNoAttrs().OnElementsMatching(custom)
	p.AllowAttrs("data-props").OnElementsMatching(custom)
}

// formulas allows MathML. The names that make a browser leave it again, such
// as annotation-xml and mglyph, are not among its elements, nor are those that
// act.
func formulas(p *bluemonday.Policy) {
	all := []string{"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup",
		"munder", "mover", "munderover", "mmultiscripts", "mprescripts", "mtable", "mtr", "mtd", "mpadded", "mphantom", "menclose"}
	p.AllowNoAttrs().OnElements(all...)
	p.AllowAttrs("alttext").OnElements("math")
	exactly(p, "display", "block", "math")
	exactly(p, "class", "tml-[a-z0-9-]+(?: tml-[a-z0-9-]+)*", all...)
	exactly(p, "displaystyle", "true|false", all...)
	exactly(p, "scriptlevel", "[+-]?[0-3]", all...)
	exactly(p, "mathvariant", "[a-z-]{1,30}", "mi", "mtext")
	exactly(p, "fence|stretchy|movablelimits|symmetric|separator|largeop", "true|false", "mo")
	exactly(p, "accent|accentunder", "true|false", "mo", "mover", "munder", "munderover")
	exactly(p, "form", "prefix|infix|postfix", "mo")
	length := `-?[0-9]{0,2}(?:\.[0-9]+)?(?:em|ex|pt|px|mu|width|height|depth)?`
	exactly(p, "lspace|rspace|minsize|maxsize", length, "mo", "mpadded")
	exactly(p, "width|height|depth|voffset", length, "mspace", "mpadded")
	exactly(p, "mathsize", length, "mstyle")
	exactly(p, "linethickness", length, "mfrac")
	exactly(p, "rowspacing", length, "mtable")
	exactly(p, "columnalign", "(?:left|right|center| )+", "mtable")
	exactly(p, "notation", "top|bottom|box", "menclose")
	exactly(p, "class", "formula", "div")
	exactly(p, "role", "group", "div")
	exactly(p, "aria-label", "Formula", "div")
}

// exactly allows attributes, separated by |, whose whole value fits.
func exactly(p *bluemonday.Policy, attributes, value string, elements ...string) {
	fits := regexp.MustCompile(`^(?:` + value + `)$`)
	for _, name := range strings.Split(attributes, "|") {
		p.AllowAttrs(name).Matching(fits).OnElements(elements...)
	}
}
