// Package mdx turns a lesson, as its author writes it, into sanitised HTML.
//
// A lesson is YAML front matter and GitHub flavoured Markdown with footnotes,
// by the rules of MDX: there is no indented code, {/* */} is a comment, and a
// tag, an expression or an import outside code is never plain text. None of
// them is evaluated: what this handbook does not know is a Fault with its
// file, line and column, so that nothing an author wrote is dropped in
// silence.
//
// The HTML passes two walls. The renderer writes no markup of the author's,
// only elements of its own around escaped text; [Sanitise] then lets through
// only what its list names, should the renderer ever be wrong.
//
// Everything here is a pure function of its arguments. Sources are bounded
// before they are parsed (bounds.go), because Markdown can be written so that
// parsing takes quadratic time or memory.
package mdx

import (
	"time"
)

// A Lesson is what a lesson's file says.
type Lesson struct {
	Title, Summary string
	Date           time.Time // a day, in UTC
	ACS            []string  // codes of the Airman Certification Standards
	Sources        []Source

	HTML     string // sanitised; empty if there are faults
	Words    int    // of the text, without code blocks
	Headings []Heading
	Links    []Link
	Images   []Image
}

// A Source is a document that a lesson rests on.
type Source struct{ Title, URL string }

// A Heading is a heading of the text, with the id that links name.
type Heading struct {
	Level    int
	ID, Text string
}

// A Link is a link of the text: either to a URL elsewhere, or to a file of the
// module by its path from the module's folder. A link to a heading of the same
// lesson has the lesson's own path.
type Link struct {
	URL            string
	Path, Fragment string
	Line, Column   int
}

// An Image is an image of the text.
type Image struct {
	Path, Alt    string
	Line, Column int
}

// A Resolver tells what stands behind a path of the module's folder. URLs must
// be escaped.
type Resolver struct {
	Lesson func(path string) (url string, ok bool)
	Media  func(path string) (src string, width, height int, ok bool)
}

// Render reads and renders a lesson. The file is its slash path from the
// module's folder; links count from there. Faults are in the order of the
// file.
func Render(file string, src []byte, r Resolver) (Lesson, []Fault) {
	d := read(file, src, r)
	if len(d.faults.list) > 0 {
		return d.lesson, d.faults.sorted()
	}
	html, err := d.html()
	if err != nil {
		d.faults.at(0, "%v", err)
	}
	d.lesson.HTML = Sanitise(html)
	return d.lesson, d.faults.sorted()
}

// Scan does all of Render but the HTML.
func Scan(file string, src []byte, r Resolver) (Lesson, []Fault) {
	d := read(file, src, r)
	return d.lesson, d.faults.sorted()
}
