package search

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Section is the text of a lesson from one heading to the next.
type Section struct {
	Anchor string // of its heading; "" for what stands before the first
	Title  string
	Body   string
	Codes  []string // in lower case, with their prefixes
}

// Split takes a lesson's HTML apart at its headings of level 2 to 4. The first
// section has the lesson's title and, before its text, the summary.
func Split(title, summary, lesson string) []Section {
	s := splitter{sections: []Section{{Title: title}}}
	s.text.WriteString(summary + "\n")
	z := html.NewTokenizer(strings.NewReader(lesson))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: what was rendered here has no other errors
			s.end()
			return s.sections
		case html.TextToken:
			s.say(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			s.open(z.Token())
		case html.EndTagToken:
			s.close(z.Token().DataAtom)
		}
	}
}

// splitter collects the text of the section under way.
type splitter struct {
	sections []Section
	text     strings.Builder
	heading  bool // inside of a heading
	formula  bool // inside of a formula, which its start tag says in a line
}

func (s *splitter) say(text string) {
	if s.formula {
		return
	}
	if s.heading {
		s.last().Title += html.UnescapeString(text)
		return
	}
	s.text.WriteString(html.UnescapeString(text))
}

func (s *splitter) open(t html.Token) {
	switch {
	case t.DataAtom == atom.Math:
		s.say(html.EscapeString(attribute(t, "alttext")))
		s.formula = true
	case isHeading(t.DataAtom):
		s.end()
		s.sections = append(s.sections, Section{Anchor: attribute(t, "id")})
		s.heading = true
	case t.DataAtom == atom.Img && !s.heading:
		s.text.WriteString(" " + attribute(t, "alt") + " ")
	}
}

func (s *splitter) close(tag atom.Atom) {
	switch {
	case tag == atom.Math:
		s.formula = false
	case isHeading(tag):
		s.heading = false
	}
	if !inline(tag) && !s.heading && !s.formula {
		s.text.WriteByte('\n') // else the last word of a cell runs into the next
	}
}

// end completes the section under way.
func (s *splitter) end() {
	last := s.last()
	last.Title = strings.Join(strings.Fields(last.Title), " ")
	last.Body = strings.Join(strings.Fields(s.text.String()), " ")
	last.Codes = codes(last.Title + " " + last.Body)
	s.text.Reset()
}

func (s *splitter) last() *Section { return &s.sections[len(s.sections)-1] }

func isHeading(tag atom.Atom) bool { return tag == atom.H2 || tag == atom.H3 || tag == atom.H4 }

// inline reports whether an element stands in the middle of words.
func inline(tag atom.Atom) bool {
	return slices.Contains([]atom.Atom{
		atom.A, atom.Abbr, atom.B, atom.Code, atom.Em, atom.I, atom.Kbd, atom.Mark, atom.Math, atom.S, atom.Span, atom.Strong, atom.Sub, atom.Sup, 0,
	}, tag)
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// code matches what is one word to a pilot and several to a text search:
// regulations (61.57, 91.155(a)(1)), ACS codes (PA.I.F.K2), symbols (V_A).
var code = regexp.MustCompile(`\b(?:[A-Z]{2}(?:\.[A-Za-z0-9]+)+|[0-9]+\.[0-9]+(?:\([a-z0-9]+\))*|[A-Za-z]+(?:_[A-Za-z0-9]+)+)`)

// piece is a part of an ACS code's element: no stop stands before its letter.
var piece = regexp.MustCompile(`^(([a-z]{2}\.[ivx]+\.[a-z]\.[krs][0-9]+)[a-z])[0-9]*$`)

// codes returns the codes of a text with all their prefixes, sorted.
func codes(text string) []string {
	var all []string
	for _, c := range code.FindAllString(text, -1) {
		c = strings.ToLower(c)
		all = append(all, c)
		if whole := piece.FindStringSubmatch(c); whole != nil {
			all = append(all, whole[1:]...)
		}
		for i, r := range c {
			if i > 0 && (r == '.' || r == '(') && !number(c[:i]) {
				all = append(all, c[:i])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// named marks codes that a title names, or that a whole lesson is about.
func named(codes []string) []string {
	marked := make([]string, len(codes))
	for i, c := range codes {
		marked[i] = "#" + c
	}
	return marked
}

// number reports whether a prefix says nothing alone: the 91 of 91.155 is a
// word of its own wherever it matters.
func number(s string) bool { return strings.Trim(s, "0123456789") == "" }
