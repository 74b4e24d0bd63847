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

// faultsKey holds the *faults of the file being parsed.
var faultsKey = parser.NewContextKey()

// engine is the one parser and renderer: building it costs more than
// rendering a short lesson, and it keeps nothing between uses.
var engine = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blockParsers()...),
			parser.WithInlineParsers(inlineParsers()...),
			parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
			parser.WithASTTransformers(util.Prioritized(unusedFootnotes{}, 900)),
		)),
		goldmark.WithRenderer(renderer.NewRenderer(renderer.WithNodeRenderers(
			util.Prioritized(html.NewRenderer(), 1000),
			util.Prioritized(markup{}, 100),
		))),
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
			extension.Strikethrough,
			extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})),
			extension.TaskList,
			extension.NewFootnote(extension.WithFootnoteBacklinkTitle("Back to the text")),
		),
	)
})

// blockParsers are those of Markdown without HTML and indented code.
func blockParsers() []util.PrioritizedValue {
	return []util.PrioritizedValue{
		util.Prioritized(commentBlock{}, 50),
		util.Prioritized(module{}, 60),
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
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
		util.Prioritized(unknownFootnote{}, 150),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(tag{}, 400),
		util.Prioritized(expression{}, 400),
		util.Prioritized(parser.NewEmphasisParser(), 500),
	}
}

// dropped stands for what leaves no trace in the HTML: a comment, or what was
// reported as a fault.
type dropped struct{ ast.BaseInline }

var kindDropped = ast.NewNodeKind("Dropped")

// Kind implements ast.Node.
func (*dropped) Kind() ast.NodeKind { return kindDropped }

// Dump implements ast.Node.
func (d *dropped) Dump(source []byte, level int) { ast.DumpHelper(d, source, level, nil, nil) }

// droppedBlock is dropped, as a block.
type droppedBlock struct {
	ast.BaseBlock
	closed bool
}

// Kind implements ast.Node.
func (*droppedBlock) Kind() ast.NodeKind { return kindDropped }

// IsRaw implements ast.Node: there is nothing to parse inside.
func (*droppedBlock) IsRaw() bool { return true }

// Dump implements ast.Node.
func (d *droppedBlock) Dump(source []byte, level int) { ast.DumpHelper(d, source, level, nil, nil) }

func faultsOf(pc parser.Context) *faults { return pc.Get(faultsKey).(*faults) }
