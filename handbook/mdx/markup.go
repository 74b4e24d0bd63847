package mdx

import (
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// figure is an image that stands alone in its paragraph. Its caption is the
// image's title.
type figure struct {
	ast.BaseBlock
	caption []byte
}

var kindFigure = ast.NewNodeKind("Figure")

// Kind implements ast.Node.
func (*figure) Kind() ast.NodeKind { return kindFigure }

// Dump implements ast.Node.
func (f *figure) Dump(source []byte, level int) { ast.DumpHelper(f, source, level, nil, nil) }

// markup renders what differs from plain GFM.
type markup struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (markup) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindDropped, renderNothing)
	reg.Register(kindMarks, renderNothing)
	reg.Register(kindFigure, renderFigure)
	reg.Register(ast.KindImage, renderImage)
	reg.Register(kindFormula, renderFormula)
	reg.Register(kindListing, renderListing)
	reg.Register(extast.KindTable, renderTable)
	reg.Register(kindElement, renderElement)
	reg.Register(kindSpoken, renderSpoken)
	reg.Register(kindIndented, renderInside)
}

func renderNothing(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkSkipChildren, nil
}

func renderFigure(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, err := w.WriteString("<figure>")
		return ast.WalkContinue, err
	}
	if caption := n.(*figure).caption; len(caption) > 0 {
		_, _ = w.WriteString("<figcaption>")
		html.DefaultWriter.Write(w, caption)
		_, _ = w.WriteString("</figcaption>")
	}
	_, err := w.WriteString("</figure>\n")
	return ast.WalkContinue, err
}

// label is what a table has of its own.
var label = util.NewBytesFilterString("aria-label")

// renderTable puts a table into a box that scrolls by itself: a wide one must
// not widen the page, and the keyboard must reach what is outside.
func renderTable(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, err := w.WriteString("</table></div>\n")
		return ast.WalkContinue, err
	}
	_, _ = w.WriteString(`<div class="table" tabindex="0" role="region"`)
	html.RenderAttributes(w, n, label)
	_, err := w.WriteString("><table>\n")
	return ast.WalkContinue, err
}
