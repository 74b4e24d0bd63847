package mdx

import (
	"html"
	"strings"
)

// words are what a kept element says by its attributes: all that is known of
// it, as nothing here can tell how it would show them.
type words struct {
	title, about, code string
	href               string // escaped
	external           bool
}

// The attributes that hold words for a reader wherever components come from,
// the likeliest first.
var (
	titles = []string{"title", "label", "name", "text"}
	abouts = []string{"description", "caption", "tagline"}
)

// keepWords notes what an unknown element says.
func (s *survey) keepWords(e *element) {
	w := words{title: s.worded(e, titles...), about: s.worded(e, abouts...), code: s.worded(e, "code")}
	if address := s.worded(e, "href"); address != "" {
		w.href, w.external, _ = s.target(address, e.tag.at)
		w.href = html.EscapeString(w.href)
	}
	s.count([]byte(w.title + " " + w.about + " "))
	e.use.words = w
}

// worded is the first of some attributes that is a text.
func (s *survey) worded(e *element, names ...string) string {
	for _, name := range names {
		for _, a := range e.tag.attributes {
			if a.name != name {
				continue
			}
			value, _ := s.value(a.value)
			if text, ok := value.(string); ok && strings.TrimSpace(text) != "" {
				return strings.TrimSpace(text)
			}
		}
	}
	return ""
}

// keptHTML is the HTML around what stands in a kept element: a plain
// container, with its words before the rest.
func (e *element) keptHTML() (before, after string) {
	w := e.use.words
	switch {
	case e.isNative() && e.inline && w.href != "":
		return w.link(), "</a>"
	case e.isNative() && e.inline:
		return "", ""
	case e.inline && w.title != "":
		return "<b>" + w.linked() + "</b>", ""
	case e.inline:
		return "", ""
	}
	lines := w.lines()
	if lines == "" && e.FirstChild() == nil {
		return "", ""
	}
	return "<div>" + lines, "</div>"
}

func (w words) lines() string {
	var b strings.Builder
	if w.title != "" {
		b.WriteString("<p><strong>" + w.linked() + "</strong></p>\n")
	}
	if w.about != "" {
		b.WriteString("<p>" + html.EscapeString(w.about) + "</p>\n")
	}
	if w.code != "" {
		b.WriteString("<pre><code>" + html.EscapeString(w.code) + "\n</code></pre>\n")
	}
	return b.String()
}

// linked is the title, which leads where the element would.
func (w words) linked() string {
	title := html.EscapeString(w.title)
	if w.href == "" {
		return title
	}
	return w.link() + title + "</a>"
}

func (w words) link() string {
	if w.external {
		return `<a href="` + w.href + `" rel="noopener">`
	}
	return `<a href="` + w.href + `">`
}

// tolerate keeps an element that this handbook knows, but not in the way it is
// used: from is how many faults there were before it was looked at.
func (s *survey) tolerate(e *element, from int, name string) {
	if !s.keeping() || len(s.faults.list) == from || s.faults.silent {
		return
	}
	s.faults.list = s.faults.list[:from]
	e.use = use{}
	s.keep(e.tag.at, name)
	s.keepWords(e)
}
