package mdx

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// indented holds blocks that are indented by four and more columns, which in
// Markdown is code and in MDX means nothing. It takes that indentation away,
// and leaves no trace in the HTML.
type indented struct {
	ast.BaseBlock
	columns int
}

var kindIndented = ast.NewNodeKind("Indented")

// Kind implements ast.Node.
func (*indented) Kind() ast.NodeKind { return kindIndented }

// Dump implements ast.Node.
func (i *indented) Dump(source []byte, level int) { ast.DumpHelper(i, source, level, nil, nil) }

// indentation opens indented before a block other than a paragraph or a tag:
// those take any indentation themselves.
type indentation struct{}

// construct is how such a block begins.
var construct = regexp.MustCompile("^(```|~~~|>|#{1,6}([ \t\r\n]|$)|[-*+][ \t]|[0-9]{1,9}[.)][ \t]|:::+[a-zA-Z]|([-*_][ \t]*){3,}[\r\n]*$)")

// Trigger implements parser.BlockParser.
func (indentation) Trigger() []byte { return []byte("`~>#-*_+0123456789:") }

// Open implements parser.BlockParser.
func (indentation) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	indent, at := util.IndentWidth(line, reader.LineOffset())
	if indent <= 3 || parent.Kind() == ast.KindList {
		return nil, parser.NoChildren
	}
	if !construct.Match(line[at:]) || ast.IsParagraph(pc.LastOpenedBlock().Node) && !interrupts(line[at:]) {
		return nil, parser.NoChildren
	}
	n := &indented{columns: indent}
	strip(line, n.columns, reader)
	return n, parser.HasChildren
}

// interrupts tells whether a construct ends a paragraph: numbers do not, but
// for the first.
func interrupts(line []byte) bool {
	return line[0] < '0' || line[0] > '9' || line[0] == '1' && (line[1] == '.' || line[1] == ')')
}

// strip takes columns of indentation from a line.
func strip(line []byte, columns int, reader text.Reader) {
	if columns > 0 {
		at, padding := util.IndentPosition(line, reader.LineOffset(), columns)
		reader.AdvanceAndSetPadding(at, padding)
	}
}

// Continue implements parser.BlockParser.
func (indentation) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	n := node.(*indented)
	line, segment := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	indent, _ := util.IndentWidth(line, reader.LineOffset())
	if indent < n.columns && !raw(n, segment.Start, pc) {
		return parser.Close
	}
	strip(line, min(indent, n.columns), reader)
	return parser.Continue | parser.HasChildren
}

// raw tells whether a fence or a tag goes on in a block at an offset, however
// it is indented.
func raw(n ast.Node, at int, pc parser.Context) bool {
	last := pc.LastOpenedBlock().Node
	if last == nil {
		return false
	}
	parent := last.Parent()
	for parent != n && parent != nil && parent.Kind() == kindIndented {
		parent = parent.Parent()
	}
	if parent != n {
		return false
	}
	m, ok := last.(*marks)
	return ok && at < m.end || last.Kind() == ast.KindFencedCodeBlock || last.Kind() == kindFormula
}

// Close implements parser.BlockParser.
func (indentation) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph implements parser.BlockParser.
func (indentation) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine implements parser.BlockParser.
func (indentation) CanAcceptIndentedLine() bool { return true }

// underline makes a heading of a paragraph above, also where both are
// indented.
type underline struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (u underline) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	if indent, _ := util.IndentWidth(line, reader.LineOffset()); indent > 3 {
		bar, last := bytes.TrimSpace(line), pc.LastOpenedBlock().Node
		if !ast.IsParagraph(last) || last.Parent() != parent || len(bytes.Trim(bar, "=")) > 0 && len(bytes.Trim(bar, "-")) > 0 {
			return nil, parser.NoChildren
		}
		strip(line, indent, reader)
	}
	return u.BlockParser.Open(parent, reader, pc)
}

// CanAcceptIndentedLine implements parser.BlockParser.
func (underline) CanAcceptIndentedLine() bool { return true }

// paragraph also takes lines indented by four and more columns, which in MDX
// are no code.
type paragraph struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p paragraph) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	node := ast.NewParagraph()
	if p.Continue(node, reader, pc) == parser.Close {
		return nil, parser.NoChildren
	}
	return node, parser.NoChildren
}

// Continue implements parser.BlockParser. It takes the indentation from the
// line, lest that keep a table from being one.
func (paragraph) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, segment := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Close
	}
	if line[0] == ' ' || line[0] == '\t' {
		segment = segment.TrimLeftSpace(reader.Source())
	}
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

// CanAcceptIndentedLine implements parser.BlockParser.
func (paragraph) CanAcceptIndentedLine() bool { return true }
