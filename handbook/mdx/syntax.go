package mdx

import (
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

	"github.com/yuin/goldmark"
)

// readingKey holds the *reading of the text being parsed.
var readingKey = parser.NewContextKey()

// reading is what is found while a text is parsed, beside its tree.
type reading struct {
	faults     *faults
	mail       bool // there is an @
	math       bool // there may be formulas
	marks      int  // tags and expressions
	losses     int
	marked     bool           // there are tags or expressions
	until      int            // where a tag ends that does not stand alone
	lost       map[string]int // how often a tag of a name could not be read
	statements []statement
}

// count counts what stands at an offset, and tells whether it is too much.
func (r *reading) count(at int) (tooMuch bool) {
	if r.marks++; r.marks == maxMarks+1 {
		r.faults.in(at, "the lesson has over %d tags and expressions; split it", maxMarks)
	}
	return r.marks > maxMarks || r.losses > maxLost
}

// lose remembers a tag that could not be read, and reports why.
func (r *reading) lose(c *cursor, t tag) {
	r.faults.in(c.slip.at, "%s", c.slip.text)
	if !t.closing && t.name != "" {
		r.lost[t.name]++
	}
	r.missed(c.slip.at)
}

// missed counts what could not be read: to find that out may take all of the
// text that follows.
func (r *reading) missed(at int) {
	if r.losses++; r.losses == maxLost+1 {
		r.faults.in(at, "over %d tags, expressions and exports cannot be read; mend these first", maxLost)
	}
}

func readingOf(pc parser.Context) *reading { return pc.Get(readingKey).(*reading) }

// engine is the one parser and renderer: building it costs more than
// rendering a short lesson, and it keeps nothing between uses.
var engine = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blockParsers()...),
			parser.WithInlineParsers(inlineParsers()...),
			parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
			parser.WithASTTransformers(util.Prioritized(nesting{}, 100), util.Prioritized(unusedFootnotes{}, 900)),
		)),
		goldmark.WithRenderer(renderer.NewRenderer(renderer.WithNodeRenderers(
			util.Prioritized(html.NewRenderer(), 1000),
			util.Prioritized(markup{}, 100),
		))),
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
			extension.Strikethrough,
			extension.TaskList,
			extension.NewFootnote(extension.WithFootnoteBacklinkTitle("Back to the text")),
		),
	)
})

// blockParsers are those of Markdown without HTML and indented code.
func blockParsers() []util.PrioritizedValue {
	return []util.PrioritizedValue{
		util.Prioritized(indentation{}, 40),
		util.Prioritized(blockMark{}, 50),
		util.Prioritized(statements{}, 60),
		util.Prioritized(directives{}, 70),
		util.Prioritized(blockFormula{}, 80),
		util.Prioritized(underline{parser.NewSetextHeadingParser()}, 30),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(paragraph{parser.NewParagraphParser()}, 1000),
	}
}

// inlineParsers are those of Markdown with tags and expressions for HTML.
func inlineParsers() []util.PrioritizedValue {
	return []util.PrioritizedValue{
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(inlineFormula{}, 120),
		util.Prioritized(unknownFootnote{}, 150),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(inlineMark{}, 400),
		util.Prioritized(parser.NewEmphasisParser(), 500),
		util.Prioritized(bareAddress{extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}))}, 999),
	}
}

// dropped stands for what leaves no trace in the HTML: a comment, or what was
// reported as a fault.
type dropped struct {
	ast.BaseInline
	comment string
	block   bool // it stands on lines of its own
}

var kindDropped = ast.NewNodeKind("Dropped")

// Kind implements ast.Node.
func (*dropped) Kind() ast.NodeKind { return kindDropped }

// Dump implements ast.Node.
func (d *dropped) Dump(source []byte, level int) { ast.DumpHelper(d, source, level, nil, nil) }

// droppedBlock is dropped, as a block.
type droppedBlock struct{ ast.BaseBlock }

// Kind implements ast.Node.
func (*droppedBlock) Kind() ast.NodeKind { return kindDropped }

// IsRaw implements ast.Node: there is nothing to parse inside.
func (*droppedBlock) IsRaw() bool { return true }

// Dump implements ast.Node.
func (d *droppedBlock) Dump(source []byte, level int) { ast.DumpHelper(d, source, level, nil, nil) }
