package mdx

import (
	"bytes"
	"errors"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A formula is mathematics in TeX: $…$ or $$…$$ in a line of text, or $$…$$ on
// lines of its own.
type formula struct {
	ast.BaseBlock
	tex     []text.Segment
	inline  bool
	display bool
	closed  bool // by dollars
	done    bool // it was set, or cannot be
	set     Formula
}

var kindFormula = ast.NewNodeKind("Formula")

// Kind implements ast.Node.
func (*formula) Kind() ast.NodeKind { return kindFormula }

// Type implements ast.Node.
func (f *formula) Type() ast.NodeType {
	if f.inline {
		return ast.TypeInline
	}
	return ast.TypeBlock
}

// IsRaw implements ast.Node: there is nothing to parse inside.
func (*formula) IsRaw() bool { return true }

// Dump implements ast.Node.
func (f *formula) Dump(source []byte, level int) { ast.DumpHelper(f, source, level, nil, nil) }

// source is the formula's text.
func (f *formula) source(src []byte) string {
	var b bytes.Buffer
	for _, s := range f.tex {
		b.Write(s.Value(src))
	}
	return b.String()
}

// place is an offset of the formula's text, as one of the Markdown.
func (f *formula) place(at int) int {
	for _, s := range f.tex {
		length := s.Padding + s.Len()
		if at < length {
			return s.Start + max(at-s.Padding, 0)
		}
		at -= length
	}
	if len(f.tex) == 0 {
		return f.Pos()
	}
	return f.tex[len(f.tex)-1].Stop
}

// inlineFormula reads those within a line of text. A dollar begins one if no
// space follows; the next one ends it if no space stands before it and no
// digit behind. All others are dollars.
type inlineFormula struct{}

// Trigger implements parser.InlineParser.
func (inlineFormula) Trigger() []byte { return []byte{'$'} }

// Parse implements parser.InlineParser.
func (inlineFormula) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !readingOf(pc).math || block.PrecendingCharacter() == '$' {
		return nil
	}
	f := &formula{inline: true, closed: true}
	f.SetPos(segment.Start)
	marks := dollars(line)
	f.display = marks == 2
	if marks > 2 || len(line) == marks || marks == 1 && space(line[1]) {
		return nil
	}
	row, position := block.Position()
	block.Advance(marks)
	if !f.read(block, marks) || strings.TrimSpace(f.source(block.Source())) == "" {
		block.SetPosition(row, position)
		return nil
	}
	if parent.Kind() == extast.KindTableCell {
		f.tex = unpiped(f.tex, block.Source())
	}
	return f
}

// dollars counts those that a text begins with.
func dollars(line []byte) int { return len(line) - len(bytes.TrimLeft(line, "$")) }

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// read goes behind the dollars that end the formula.
func (f *formula) read(block text.Reader, marks int) bool {
	for {
		line, segment := block.PeekLine()
		if line == nil {
			return false
		}
		if end := ending(line, marks); end >= 0 {
			f.tex = append(f.tex, text.NewSegmentPadding(segment.Start, segment.Start+end-segment.Padding, segment.Padding))
			block.Advance(end + marks)
			return marks == 2 || ends(line, end)
		}
		f.tex = append(f.tex, segment)
		block.AdvanceLine()
	}
}

// ending is where the next dollars are that no \ stands before, -1 if there are
// none.
func ending(line []byte, marks int) int {
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\':
			i++
		case line[i] == '$' && (marks == 1 || i+1 < len(line) && line[i+1] == '$'):
			return i
		}
	}
	return -1
}

// ends tells whether a single dollar may end a formula.
func ends(line []byte, at int) bool {
	before := at > 0 && !space(line[at-1])
	return before && (at+1 == len(line) || line[at+1] < '0' || line[at+1] > '9')
}

// unpiped takes the \ away from \|, as which a | is written within a table.
func unpiped(segments []text.Segment, src []byte) (pieces []text.Segment) {
	for _, s := range segments {
		for {
			i := bytes.Index(src[s.Start:s.Stop], []byte(`\|`))
			if i < 0 {
				pieces = append(pieces, s)
				break
			}
			pieces = append(pieces, s.WithStop(s.Start+i))
			s = s.WithStart(s.Start + i + 1)
		}
	}
	return pieces
}

// blockFormula reads those on lines of their own: what stands between $$ at the
// begin of a line, and $$ at the end of the same or a later one.
type blockFormula struct{}

// Trigger implements parser.BlockParser.
func (blockFormula) Trigger() []byte { return []byte{'$'} }

// Open implements parser.BlockParser.
func (blockFormula) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	_, at := util.IndentWidth(line, reader.LineOffset())
	if !readingOf(pc).math || dollars(line[at:]) != 2 {
		return nil, parser.NoChildren
	}
	f := &formula{display: true}
	f.SetPos(segment.Start - segment.Padding + at)
	segment = text.NewSegment(f.Pos()+2, segment.Stop)
	if end := ending(line[at+2:], 2); end >= 0 && !util.IsBlank(line[at+2+end+2:]) {
		return nil, parser.NoChildren // text follows: it is a paragraph's
	}
	f.take(line[at+2:], segment)
	reader.AdvanceToEOL()
	return f, parser.NoChildren
}

// take takes in a line.
func (f *formula) take(line []byte, segment text.Segment) {
	if end := ending(line, 2); end >= 0 && util.IsBlank(line[end+2:]) {
		segment = segment.WithStop(segment.Start - segment.Padding + end)
		f.closed = true
	}
	f.tex = append(f.tex, segment)
}

// Continue implements parser.BlockParser.
func (blockFormula) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	f := node.(*formula)
	line, segment := reader.PeekLine()
	if f.closed || util.IsBlank(line) {
		return parser.Close
	}
	f.take(line, segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

// Close implements parser.BlockParser.
func (blockFormula) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph implements parser.BlockParser.
func (blockFormula) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine implements parser.BlockParser.
func (blockFormula) CanAcceptIndentedLine() bool { return true }

// formula has a formula set, once. One that cannot be is shown as its author wrote
// it if that is the policy.
func (s *survey) formula(f *formula) {
	if f.done {
		return
	}
	f.done = true
	if !f.closed {
		s.misformed(f, f.Pos(), "the $$ here is not closed; end the formula by $$ at the end of a line, without an empty line before, "+
			"or write \\$ for the characters")
		return
	}
	if !s.another(f) {
		return
	}
	set, err := s.resolver.Math(f.source(s.body), f.display)
	var wrong *FormulaError
	switch {
	case errors.As(err, &wrong):
		s.misformed(f, f.place(wrong.At), wrong.Text+"; mend the formula, or write \\$ for the characters")
	case err != nil:
		s.faults.in(f.Pos(), "the formula cannot be set: %v", err)
	default:
		f.set = set
		s.count([]byte(set.Text))
	}
}

// another tells whether the lesson may have one more formula, each of which may
// take long. It reports the first that is too many.
func (s *survey) another(f *formula) bool {
	*s.formulas++
	if *s.formulas == maxFormulas+1 {
		s.faults.in(f.Pos(), "the lesson has over %d formulas; split it", maxFormulas)
	}
	return *s.formulas <= maxFormulas
}

func (s *survey) misformed(f *formula, at int, why string) {
	if !s.keep(at, "$…$") {
		s.faults.in(at, "%s", why)
		return
	}
	mark := "$"
	if f.display {
		mark = "$$"
	}
	f.set.Text = mark + f.source(s.body)
	if f.closed {
		f.set.Text += mark
	}
}

// renderFormula puts one that stands alone into a box that scrolls by itself,
// as a table's.
func renderFormula(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	f := n.(*formula)
	if !entering {
		return ast.WalkContinue, nil
	}
	out := f.set.HTML
	if out == "" {
		out = html.EscapeString(f.set.Text)
	}
	if !f.inline {
		out = `<div class="formula" tabindex="0" role="group" aria-label="Formula">` + out + "</div>\n"
	}
	_, err := w.WriteString(out)
	return ast.WalkSkipChildren, err
}
