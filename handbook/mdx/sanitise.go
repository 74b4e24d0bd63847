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
	p.AllowAttrs("src", "alt").OnElements("img")
	exactly(p, "width|height", `[0-9]{1,5}`, "img")
	exactly(p, "loading", "lazy", "img")
	exactly(p, "decoding", "async", "img")

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
	exactly(p, "type", "checkbox", "input")
	exactly(p, "checked|disabled", "", "input")
	return p
})

// exactly allows attributes, separated by |, whose whole value fits.
func exactly(p *bluemonday.Policy, attributes, value string, elements ...string) {
	fits := regexp.MustCompile(`^(?:` + value + `)$`)
	for _, name := range strings.Split(attributes, "|") {
		p.AllowAttrs(name).Matching(fits).OnElements(elements...)
	}
}
