package mdx

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// paragraph also takes lines indented by four and more columns, which in MDX
// are no code.
type paragraph struct{ parser.BlockParser }

// construct is how a block other than a paragraph begins.
var construct = regexp.MustCompile("^(```|~~~|>|#{1,6}[ \t]|[-*+][ \t]|[0-9]{1,9}[.)][ \t])")

// Open implements parser.BlockParser. Other blocks are not seen behind such
// an indentation, so it tells the author instead of taking them as text.
func (p paragraph) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	indent, at := util.IndentWidth(line, reader.LineOffset())
	if indent > 3 && at < len(line) && construct.Match(line[at:]) {
		faultsOf(pc).in(segment.Start+at-segment.Padding, "this is indented too far; indent it by less than 4 columns more than what it belongs to")
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// CanAcceptIndentedLine implements parser.BlockParser.
func (paragraph) CanAcceptIndentedLine() bool { return true }

// unknownFootnote reports references that the footnote parser left over.
type unknownFootnote struct{}

// Trigger implements parser.InlineParser.
func (unknownFootnote) Trigger() []byte { return []byte{'['} }

// Parse implements parser.InlineParser.
func (unknownFootnote) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !bytes.HasPrefix(line, []byte("[^")) {
		return nil
	}
	end := bytes.IndexByte(line, ']')
	if end < 0 {
		return nil
	}
	faultsOf(pc).in(segment.Start, "there is no footnote %q; add a paragraph \"%s: …\"", line[2:end], line[:end+1])
	block.Advance(end + 1)
	return &dropped{}
}

// unusedFootnotes reports footnotes that nothing refers to, before they are
// removed from the tree.
type unusedFootnotes struct{}

// Transform implements parser.ASTTransformer.
func (unusedFootnotes) Transform(doc *ast.Document, reader text.Reader, pc parser.Context) {
	if !bytes.Contains(reader.Source(), []byte("[^")) {
		return
	}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		note, ok := n.(*extast.Footnote)
		if ok && entering && note.Index < 0 {
			faultsOf(pc).in(note.Pos(), "nothing refers to the footnote %q; remove it, or write [^%s] in the text", note.Ref, note.Ref)
		}
		return ast.WalkContinue, nil
	})
}
