package mdx

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A mark is a tag or an expression, where it stands in the text.
type mark struct {
	tag   tag
	value *expr // of an expression, else nil
	at    int
}

func (m mark) isComment() bool { return m.value != nil && m.value.form == comment }

// marks are what a line has of them, if it has nothing else; or, within a
// line of text, a single one.
type marks struct {
	ast.BaseBlock
	list   []mark
	inline bool
	end    int // in the Markdown
}

var kindMarks = ast.NewNodeKind("Marks")

// Kind implements ast.Node.
func (*marks) Kind() ast.NodeKind { return kindMarks }

// Type implements ast.Node.
func (m *marks) Type() ast.NodeType {
	if m.inline {
		return ast.TypeInline
	}
	return ast.TypeBlock
}

// IsRaw implements ast.Node: there is nothing to parse inside.
func (*marks) IsRaw() bool { return true }

// Dump implements ast.Node.
func (m *marks) Dump(source []byte, level int) { ast.DumpHelper(m, source, level, nil, nil) }

// inlineMark reads tags and expressions within a line of text.
type inlineMark struct{}

// Trigger implements parser.InlineParser.
func (inlineMark) Trigger() []byte { return []byte{'<', '{'} }

// Parse implements parser.InlineParser.
func (inlineMark) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if line[0] == '<' && !beginsTag(line) {
		return comments(line, segment, block, pc)
	}
	r := readingOf(pc)
	if r.count(segment.Start) {
		return nil
	}
	c := inlineCursor(block)
	m, ok := c.mark()
	if !ok {
		r.lose(c, m.tag)
		c.at = c.far
	}
	c.settle(block)
	if !ok {
		return &dropped{}
	}
	if m.isComment() {
		return &dropped{comment: m.value.name}
	}
	r.marked = true
	return &marks{list: []mark{m}, inline: true}
}

// comments reports those of HTML.
func comments(line []byte, segment text.Segment, block text.Reader, pc parser.Context) ast.Node {
	if len(line) < 2 || line[1] != '!' && line[1] != '?' {
		return nil
	}
	readingOf(pc).faults.in(segment.Start, "<%c is HTML; write a comment as {/* … */}, or \\< for the character", line[1])
	end := bytes.IndexByte(line, '>') + 1
	if end == 0 {
		end = len(bytes.TrimRight(line, "\r\n"))
	}
	block.Advance(end)
	return &dropped{}
}

// mark reads a tag or an expression.
func (c *cursor) mark() (m mark, ok bool) {
	m.at = c.source(c.at)
	if c.peek() == '<' {
		m.tag, ok = c.tag()
		return m, ok
	}
	e, ok := c.braces()
	m.value = &e
	return m, ok
}

// blockMark reads lines that have tags and expressions only.
type blockMark struct{}

// Trigger implements parser.BlockParser.
func (blockMark) Trigger() []byte { return []byte{'<', '{'} }

// Open implements parser.BlockParser.
func (blockMark) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	_, at := util.IndentWidth(line, reader.LineOffset()) // the context knows none where tabs are wider than what follows
	r := readingOf(pc)
	if segment.Start < r.until || line[at] == '<' && (!beginsTag(line[at:]) || isAutoLink(line[at+1:])) {
		return nil, parser.NoChildren
	}
	if r.count(segment.Start) {
		return nil, parser.NoChildren
	}
	c := blockCursor(parent, reader, at)
	n, last, ok := c.line()
	if !ok {
		r.lose(c, last.tag)
		n = &marks{end: c.source(max(c.far, 1)-1) + 1}
	}
	if n == nil {
		r.until = c.source(c.at)
		return nil, parser.NoChildren
	}
	n.end = lineEnd(reader.Source(), n.end)
	r.marked = r.marked || len(n.list) > 1 || len(n.list) == 1 && !n.list[0].isComment()
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

// line reads the marks up to the end of a line, or none if there is text: an
// expression behind another makes a line of it.
func (c *cursor) line() (n *marks, last mark, ok bool) {
	n = &marks{}
	for {
		if last, ok = c.mark(); !ok {
			return nil, last, false
		}
		n.list = append(n.list, last)
		if c.endsLine() {
			n.end = c.source(c.at-1) + 1
			return n, last, true
		}
		if len(n.list) > maxMarks {
			return nil, last, true
		}
		for b := c.peek(); b == ' ' || b == '\t'; b = c.peek() {
			c.at++
		}
		if b := c.peek(); (b != '{' || last.value != nil) && (b != '<' || !beginsTag(c.text[c.at:])) {
			return nil, last, true
		}
	}
}

// Continue implements parser.BlockParser.
func (blockMark) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	if _, segment := reader.PeekLine(); segment.Start >= node.(*marks).end {
		return parser.Close
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

// Close implements parser.BlockParser. What the tag stands in may have ended
// before it did.
func (blockMark) Close(node ast.Node, reader text.Reader, pc parser.Context) {
	n := node.(*marks)
	if _, segment := reader.PeekLine(); len(n.list) > 0 && segment.Start < n.end {
		readingOf(pc).faults.in(segment.Start, "a tag or an expression that began above does not end before this line; mend it there")
	}
}

// CanInterruptParagraph implements parser.BlockParser.
func (blockMark) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine implements parser.BlockParser.
func (blockMark) CanAcceptIndentedLine() bool { return true }
