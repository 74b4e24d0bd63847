package mdx

import (
	"fmt"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// Sized is where an image is, and its size in pixels, so that a page keeps its
// place before it comes.
type Sized struct {
	URL           string
	Width, Height int
	WebP          []Scaled // the same image in other widths, narrowest first; may be none
	Dark          *Sized   // what dark pages show instead; its size is the same. May be nil

	first bool // of its lesson
}

// Scaled is a file of an image, and its width in pixels.
type Scaled struct {
	URL   string
	Width int
}

// measure is how wide an image is at most beside its lesson's text.
const measure = "(min-width: 720px) 690px, 100vw"

// darkPage is when a page is dark: never on paper.
const darkPage = "screen and (prefers-color-scheme: dark)"

// html is the image's markup. A browser takes the first source that it can
// show. All images but a lesson's first wait until they are near.
func (p Sized) html(alt, title string, invert bool) string {
	var b strings.Builder
	sources := p.sources()
	if sources != "" {
		b.WriteString("<picture>" + sources)
	}
	fmt.Fprintf(&b, `<img src="%s" alt="%s" width="%d" height="%d"`, html.EscapeString(p.URL), html.EscapeString(alt), p.Width, p.Height)
	if title != "" {
		fmt.Fprintf(&b, ` title="%s"`, html.EscapeString(title))
	}
	switch {
	case p.Dark != nil:
		b.WriteString(` class="themed"`)
	case invert:
		b.WriteString(` class="invert"`)
	}
	if !p.first {
		b.WriteString(` loading="lazy"`)
	}
	b.WriteString(` decoding="async">`)
	if sources != "" {
		b.WriteString("</picture>")
	}
	return b.String()
}

// sources are what may be shown instead of the plain file, best first.
func (p Sized) sources() string {
	var b strings.Builder
	if p.Dark != nil {
		b.WriteString(p.Dark.webP(` media="` + darkPage + `"`))
		fmt.Fprintf(&b, `<source media="%s" srcset="%s">`, darkPage, html.EscapeString(p.Dark.URL))
	}
	b.WriteString(p.webP(""))
	return b.String()
}

func (p Sized) webP(attributes string) string {
	if len(p.WebP) == 0 {
		return ""
	}
	var set []string
	for _, s := range p.WebP {
		set = append(set, fmt.Sprintf("%s %dw", html.EscapeString(s.URL), s.Width))
	}
	return fmt.Sprintf(`<source%s type="image/webp" srcset="%s" sizes="%s">`, attributes, strings.Join(set, ", "), measure)
}

// shown is what the node of an image is rendered from.
const shown = "shown"

// renderImage writes an image of Markdown; that it is there was checked.
func renderImage(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	var err error
	if markup, ok := n.AttributeString(shown); ok {
		img := n.(*ast.Image)
		p := markup.(pictureOf)
		_, err = w.WriteString(p.html(p.alt, unescape(img.Title), false))
	}
	return ast.WalkSkipChildren, err
}

// pictureOf is an image with the text that stands for it.
type pictureOf struct {
	Sized
	alt string
}
