package mdx

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// aside is the component that :::name stands for; its kind is the name, its
// title what stands in brackets.
const aside = "Aside"

// A directive is an element that is written as :::name[title] up to a line of
// as many colons.
type directive struct {
	element
	colons, columns int
	ended           bool
}

var (
	directiveLine = regexp.MustCompile(`^(:{3,})([a-zA-Z][\w-]*)(?:\[(.*)\])?(?:\{([^{}]*)\})?[ \t]*\r?\n?$`)
	directivePair = regexp.MustCompile(`^\s*([a-zA-Z][\w-]*)=("[^"]*"|'[^']*'|[^\s"']+)`)
)

// directives reads them.
type directives struct{}

// Trigger implements parser.BlockParser.
func (directives) Trigger() []byte { return []byte{':'} }

// Open implements parser.BlockParser.
func (directives) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	indent, at := util.IndentWidth(line, reader.LineOffset())
	if !bytes.HasPrefix(line[at:], []byte(":::")) {
		return nil, parser.NoChildren
	}
	source := segment.Start - segment.Padding + at
	f := readingOf(pc).faults
	m := directiveLine.FindSubmatchIndex(line[at:])
	if m == nil {
		f.in(source, "this is neither :::note[title] nor the end of one; mend it, or write \\: for the first character")
		reader.AdvanceToEOL()
		return &droppedBlock{}, parser.NoChildren
	}
	if nested(pc) >= maxColons {
		f.in(source, "this is nested deeper than %d levels of :::; put some of them behind each other", maxColons)
		reader.AdvanceToEOL()
		return &droppedBlock{}, parser.NoChildren
	}
	d := &directive{colons: m[3], columns: indent}
	d.directive = string(line[at+m[4] : at+m[5]])
	d.tag = tag{name: aside, at: source}
	d.give("kind", source, d.directive)
	if m[6] >= 0 {
		d.give("title", source+m[6], string(line[at+m[6]:at+m[7]]))
	}
	if m[8] >= 0 && !d.pairs(line[at+m[8]:at+m[9]], source+m[8]) {
		f.in(source+m[8], "between the braces stand pairs of name=\"value\"; mend or remove them")
	}
	reader.AdvanceToEOL()
	return d, parser.HasChildren
}

// nested counts the directives that are open.
func nested(pc parser.Context) (depth int) {
	for _, b := range pc.OpenedBlocks() {
		if _, ok := b.Node.(*directive); ok {
			depth++
		}
	}
	return depth
}

func (d *directive) give(name string, at int, value string) {
	d.tag.attributes = append(d.tag.attributes, attribute{name: name, at: at, value: expr{form: quoted, at: at, value: value}})
}

func (d *directive) pairs(text []byte, at int) bool {
	for {
		m := directivePair.FindSubmatchIndex(text)
		if m == nil {
			return len(bytes.TrimSpace(text)) == 0
		}
		d.give(string(text[m[2]:m[3]]), at+m[2], string(bytes.Trim(text[m[4]:m[5]], `"'`)))
		text, at = text[m[1]:], at+m[1]
	}
}

// Continue implements parser.BlockParser.
func (directives) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	d, ok := node.(*directive)
	if !ok {
		return parser.Close
	}
	line, _ := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	if text := bytes.TrimSpace(line); len(text) >= d.colons && len(bytes.Trim(text, ":")) == 0 {
		reader.AdvanceToEOL()
		d.ended = true
		return parser.Close
	}
	if indent, _ := util.IndentWidth(line, reader.LineOffset()); d.columns > 0 && indent > 0 {
		at, padding := util.IndentPosition(line, reader.LineOffset(), min(indent, d.columns))
		reader.AdvanceAndSetPadding(at, padding)
	}
	return parser.Continue | parser.HasChildren
}

// Close implements parser.BlockParser.
func (directives) Close(node ast.Node, _ text.Reader, pc parser.Context) {
	if d, ok := node.(*directive); ok && !d.ended {
		readingOf(pc).faults.in(d.tag.at, "%s is not closed; end it with a line of %s, indented alike", &d.element, "::::::::"[:min(d.colons, 8)])
	}
}

// CanInterruptParagraph implements parser.BlockParser.
func (directives) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine implements parser.BlockParser.
func (directives) CanAcceptIndentedLine() bool { return false }
