package mdx

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// native is an element of HTML that a lesson may use as a tag. Whatever
// Markdown can write is not among them.
type native struct {
	inline bool
	empty  bool
	within []string
	attrs  []string
}

// natives are the elements of HTML that a lesson may have as tags. Those that
// Sanitise lets through are these and what the renderer writes.
func natives(name string) (native, bool) {
	switch name {
	case "abbr":
		return native{inline: true, attrs: []string{"title"}}, true
	case "b", "bdi", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small",
		"strong", "sub", "sup", "u", "var":
		return native{inline: true}, true
	case "br", "wbr":
		return native{inline: true, empty: true}, true
	case "hr":
		return native{empty: true}, true
	case "blockquote", "div", "dl", "figure", "ul":
		return native{}, true
	case "details":
		return native{attrs: []string{"open"}}, true
	case "ol":
		return native{attrs: []string{"start"}}, true
	case "dd", "dt":
		return native{within: []string{"dl", "div"}}, true
	case "figcaption":
		return native{within: []string{"figure"}}, true
	case "li":
		return native{within: []string{"ol", "ul"}}, true
	case "summary":
		return native{within: []string{"details"}}, true
	}
	return native{}, false
}

// markdownFor is how Markdown writes what HTML has a tag for.
func markdownFor(name string) string {
	switch name {
	case "a":
		return "write [text](address)"
	case "img":
		return "write ![what it shows](../media/…)"
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return "write ## and the text"
	case "p":
		return "leave it out; an empty line ends a paragraph"
	case "pre":
		return "write a fence of ```"
	case "table", "thead", "tbody", "tr", "td", "th":
		return "write a table of | cells |"
	}
	return "write Markdown, or \\< for the character"
}

// native checks a tag of HTML.
func (s *survey) native(e *element) {
	name := e.tag.name
	n, ok := natives(name)
	if !ok {
		if s.keep(e.tag.at, "<"+name+">") {
			s.keepWords(e)
		} else {
			s.faults.in(e.tag.at, "<%s> is HTML that lessons do not have; %s", name, markdownFor(name))
		}
		return
	}
	from := len(s.faults.list)
	e.use = use{known: true, native: true, inline: n.inline}
	s.place(e, n.inline, n.within)
	if n.empty && e.FirstChild() != nil {
		s.faults.in(e.tag.at, "nothing stands inside <%s>; write <%s />", name, name)
	}
	for _, a := range e.tag.attributes {
		s.nativeAttribute(e, n, a)
	}
	s.tolerate(e, from, "<"+name+">")
}

func (s *survey) nativeAttribute(e *element, n native, a attribute) {
	if !slices.Contains(n.attrs, a.name) {
		if !s.keep(a.at, "<"+e.tag.name+" "+a.name+">") {
			s.faults.in(a.at, "<%s> takes no %s here; remove it", e.tag.name, nameOf(a))
		}
		return
	}
	value, ok := s.value(a.value)
	if !ok {
		return
	}
	text := speak(value)
	if a.name == "open" && value == true {
		text = ""
	}
	if !fits[a.name](text) {
		s.faults.in(a.at, "%q is no value of %s; write %s", text, a.name, fitting[a.name])
		return
	}
	e.use.attrs = append(e.use.attrs, [2]string{a.name, text})
}

// fitting says to an author what the attributes of HTML may be.
var fitting = map[string]string{
	"open":  "open alone",
	"start": "a whole number from 0, as start={3}",
	"title": "a text of up to 200 characters",
}

// fits tells what the attributes of HTML may be.
var fits = map[string]func(string) bool{
	"open":  func(text string) bool { return text == "" },
	"start": regexp.MustCompile(`^[0-9]{1,9}$`).MatchString,
	"title": func(text string) bool {
		return text != "" && utf8.RuneCountInString(text) <= 200 && !strings.Contains(text, "\x00")
	},
}
