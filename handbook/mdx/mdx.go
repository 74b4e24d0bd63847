// Package mdx turns a lesson, as its author writes it, into sanitised HTML.
//
// A lesson is YAML front matter and GitHub flavoured Markdown with footnotes,
// by the rules of MDX: there is no indented code, {/* */} is a comment, and a
// tag, an expression or an import outside code is never plain text. Tags are
// those of a closed registry (component.go) and a few of HTML (native.go).
// Their attributes, and what is exported, are data: a literal parser of our
// own reads them (data.go), and no script is ever run, here or elsewhere. What
// this handbook does not know is a Fault with its file, line and column, so
// that nothing an author wrote is dropped in silence.
//
// A tag that stands on lines of its own ends the block before it, and Markdown
// goes on behind it; one in a line of text is part of that. Both are leaves of
// the parser's tree at first. Then (nest.go) all that stands between a tag and
// its end, in the same list item, quote or line, moves into it.
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
	Elements []string // custom elements, by name
	Kept     []Kept   // by name
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

// A Resolver tells what stands behind a path of the module's folder, and
// behind the name of a tag. URLs must be escaped. A function that is nil knows
// nothing.
type Resolver struct {
	Lesson    func(path string) (url string, ok bool)
	Media     func(path string) (picture Sized, ok bool)
	Module    func(key string) (problem string) // why no lesson of another module may be linked
	Component func(name string) (Component, bool)
	Names     []string // of components, for a fault to tell which was meant
	// Import is asked for what an import names in a file of the module;
	// "default" is its main one.
	Import  func(path, name string) (Component, bool)
	Unknown Policy
	// Math sets a formula of TeX. An error that is a *FormulaError is the
	// author's. Where it is nil, dollars are dollars.
	Math func(tex string, display bool) (Formula, error)
	// Code is that of a fence as HTML, each line with its elements closed.
	// Where it is not ok, the fence is plain.
	Code func(language, code string) (lines []string, ok bool)
}

// A Formula is one that was set.
type Formula struct {
	HTML string // a math element
	Text string // as a line of text
}

// A FormulaError is what is wrong with a formula, at an offset in bytes of it.
type FormulaError struct {
	At   int
	Text string
}

// Error implements error.
func (e *FormulaError) Error() string { return e.Text }

// Render reads and renders a lesson. The file is its slash path from the
// module's folder; links count from there. Faults are in the order of the
// file.
func Render(file string, src []byte, r Resolver) (Lesson, []Fault) {
	d := read(file, src, r)
	if len(d.faults.list) > 0 {
		return *d.lesson, d.faults.sorted()
	}
	html, err := d.html()
	if err != nil {
		d.faults.at(0, "%v", err)
	}
	d.lesson.HTML = Sanitise(html)
	return *d.lesson, d.faults.sorted()
}

// Scan does all of Render but the HTML.
func Scan(file string, src []byte, r Resolver) (Lesson, []Fault) {
	d := read(file, src, r)
	return *d.lesson, d.faults.sorted()
}
