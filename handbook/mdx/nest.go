package mdx

import (
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// An element is a tag with what stands inside.
type element struct {
	ast.BaseBlock
	tag       tag
	directive string // its name, if it was written as one
	inline    bool
	reported  bool   // as closed in another block
	unclosed  string // before what it should have been closed
	use       use
}

var kindElement = ast.NewNodeKind("Element")

// Kind implements ast.Node.
func (*element) Kind() ast.NodeKind { return kindElement }

// Type implements ast.Node.
func (e *element) Type() ast.NodeType {
	if e.inline {
		return ast.TypeInline
	}
	return ast.TypeBlock
}

// Dump implements ast.Node.
func (e *element) Dump(source []byte, level int) { ast.DumpHelper(e, source, level, nil, nil) }

// asElement is a node as an element, also if it was written as a directive.
func asElement(n ast.Node) (*element, bool) {
	switch n := n.(type) {
	case *element:
		return n, true
	case *directive:
		return &n.element, true
	}
	return nil, false
}

// spoken is an expression whose value is text.
type spoken struct {
	ast.BaseBlock
	expr   expr
	inline bool
	heard  bool // text is known
	text   string
}

var kindSpoken = ast.NewNodeKind("Spoken")

// Kind implements ast.Node.
func (*spoken) Kind() ast.NodeKind { return kindSpoken }

// Type implements ast.Node.
func (s *spoken) Type() ast.NodeType {
	if s.inline {
		return ast.TypeInline
	}
	return ast.TypeBlock
}

// Dump implements ast.Node.
func (s *spoken) Dump(source []byte, level int) { ast.DumpHelper(s, source, level, nil, nil) }

// nesting makes elements of marks. A tag is closed in the block or the line
// that it stands in.
type nesting struct{}

// Transform implements parser.ASTTransformer.
func (nesting) Transform(doc *ast.Document, _ text.Reader, pc parser.Context) {
	if r := readingOf(pc); r.marked {
		(&nest{faults: r.faults, forgiven: r.lost}).children(doc)
	}
}

type nest struct {
	faults   *faults
	open     []*element
	base     int            // of what is open, where that of this parent begins
	forgiven map[string]int // tags that may be closed without being open: their own faults say it all
}

func (n *nest) children(parent ast.Node) {
	outer := n.base
	n.base = len(n.open)
	for c := parent.FirstChild(); c != nil; {
		if c.Kind() == kindIndented {
			c = splice(parent, c)
			continue
		}
		next := c.NextSibling()
		if m, ok := c.(*marks); ok {
			for _, mark := range m.list {
				n.mark(parent, m, mark)
			}
			parent.RemoveChild(parent, m)
		} else {
			n.children(c)
			if e := n.top(); e != nil {
				e.AppendChild(e, whole(c))
			}
		}
		c = next
	}
	for len(n.open) > n.base {
		n.unclosed("the end of " + described(parent))
	}
	n.base = outer
}

// splice puts what a node holds in its place, and is the first of it, or else
// what follows.
func splice(parent, n ast.Node) ast.Node {
	first := n.FirstChild()
	if first == nil {
		first = n.NextSibling()
	}
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
	return first
}

// whole makes a paragraph of the text of a short list's item: within an
// element it is one.
func whole(c ast.Node) ast.Node {
	if c.Kind() != ast.KindTextBlock {
		return c
	}
	p := ast.NewParagraph()
	p.SetLines(c.Lines())
	p.SetPos(c.Pos())
	c.Parent().RemoveChild(c.Parent(), c)
	for child := c.FirstChild(); child != nil; child = c.FirstChild() {
		p.AppendChild(p, child)
	}
	return p
}

func (n *nest) top() *element {
	if len(n.open) == n.base {
		return nil
	}
	return n.open[len(n.open)-1]
}

// put puts a node where the marks stand, or into what is open there.
func (n *nest) put(parent ast.Node, at *marks, node ast.Node) {
	if e := n.top(); e != nil {
		e.AppendChild(e, node)
		return
	}
	parent.InsertBefore(parent, at, node)
}

func (n *nest) mark(parent ast.Node, at *marks, m mark) {
	switch {
	case m.isComment():
		n.put(parent, at, &dropped{comment: m.value.name, block: true})
	case m.value != nil:
		s := &spoken{expr: *m.value, inline: at.inline}
		s.SetPos(m.at)
		n.put(parent, at, s)
	case m.tag.closing:
		n.close(m.tag)
	default:
		e := &element{tag: m.tag, inline: at.inline}
		e.SetPos(m.tag.at)
		n.put(parent, at, e)
		n.enter(e)
	}
}

func (n *nest) enter(e *element) {
	switch {
	case e.tag.closed:
	case len(n.open) < maxTags:
		n.open = append(n.open, e)
	default:
		n.forgiven[e.tag.name]++
		n.faults.in(e.tag.at, "tags are nested deeper than %d levels; take some of them apart", maxTags)
	}
}

func (n *nest) close(t tag) {
	i := len(n.open) - 1
	for i >= 0 && n.open[i].tag.name != t.name {
		i--
	}
	switch {
	case i >= n.base:
		for len(n.open) > i+1 {
			n.unclosed(t.String())
		}
		n.open = n.open[:i]
	case n.forgiven[t.name] > 0:
		n.forgiven[t.name]--
	case i >= 0 && n.open[i].reported:
	case i >= 0:
		e := n.open[i]
		e.reported = true
		n.faults.in(t.at, "%s does not close the %s of line %d, because it does not stand in the same block; "+
			"indent both alike, each on a line of its own", t, e.tag, n.line(e.tag.at))
	default:
		n.faults.in(t.at, "%s closes nothing; remove it, or write \\< for the character", t)
	}
}

// unclosed gives up the innermost tag.
func (n *nest) unclosed(before string) {
	e := n.open[len(n.open)-1]
	n.open = n.open[:len(n.open)-1]
	if !e.reported {
		n.forgiven[e.tag.name]++
		e.unclosed = before
	}
}

func (n *nest) line(at int) int {
	line, _ := n.faults.place(n.faults.body + at)
	return line
}

// described is a block, as a fault speaks of it.
func described(n ast.Node) string {
	switch n.Kind() {
	case ast.KindDocument:
		return "the lesson"
	case ast.KindListItem:
		return "this list item"
	case ast.KindBlockquote:
		return "this quote"
	case ast.KindHeading:
		return "this heading"
	case ast.KindParagraph, ast.KindTextBlock:
		return "this paragraph"
	case extast.KindTableCell:
		return "this cell"
	case kindElement:
		e, _ := asElement(n)
		return e.String()
	}
	return "this piece of text"
}
