package mdx

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

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
	readingOf(pc).faults.in(segment.Start, "there is no footnote %q; add a paragraph \"%s: …\"", line[2:end], line[:end+1])
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
			readingOf(pc).faults.in(note.Pos(), "nothing refers to the footnote %q; remove it, or write [^%s] in the text", note.Ref, note.Ref)
		}
		return ast.WalkContinue, nil
	})
}
