package mdx

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A cursor goes through what may span lines: a tag, an expression, a
// statement. It takes in lines as it needs them.
type cursor struct {
	text   []byte
	at     int
	more   func() (line []byte, start int, ok bool)
	starts []start
	slip   slip
	far    int // how far reading got before it failed
}

// A start is where a line begins in the cursor's text, and in the Markdown.
type start struct{ at, source int }

// A slip is why reading failed, and where in the Markdown.
type slip struct {
	at   int
	text string
}

// fail keeps the first slip.
func (c *cursor) fail(at int, format string, args ...any) bool {
	c.far = max(c.far, c.at)
	if c.slip.text == "" {
		c.slip = slip{c.source(at), fmt.Sprintf(format, args...)}
	}
	return false
}

// source is an offset of the cursor's text, as one of the Markdown.
func (c *cursor) source(at int) int {
	for i := len(c.starts) - 1; i >= 0; i-- {
		if s := c.starts[i]; s.at <= at {
			return s.source + at - s.at
		}
	}
	return 0
}

// peek is the character under the cursor, 0 at the end.
func (c *cursor) peek() byte {
	if c.at < len(c.text) || c.grow() {
		return c.text[c.at]
	}
	return 0
}

// character is the whole one under the cursor.
func (c *cursor) character() rune {
	r, _ := utf8.DecodeRune(c.text[c.at:])
	return r
}

// ahead is the character behind that under the cursor, in the same line.
func (c *cursor) ahead() byte {
	if c.at+1 < len(c.text) {
		return c.text[c.at+1]
	}
	return 0
}

func (c *cursor) grow() bool {
	if c.more == nil {
		return false
	}
	line, source, ok := c.more()
	if !ok || len(line) == 0 {
		c.more = nil
		return false
	}
	if len(c.starts) == 1 { // until now it was the parser's
		c.text = append(make([]byte, 0, 4*len(c.text)+len(line)), c.text...)
	}
	c.starts = append(c.starts, start{len(c.text), source})
	c.text = append(c.text, line...)
	return true
}

// space skips white space, over lines.
func (c *cursor) space() {
	for {
		switch c.peek() {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// word reads a name of letters, digits, _, $ and whatever else it may have.
func (c *cursor) word(also string) string {
	begin := c.at
	for b := c.peek(); letter(b) || b >= '0' && b <= '9' || b != 0 && bytes.IndexByte([]byte(also), b) >= 0; b = c.peek() {
		c.at++
	}
	return string(c.text[begin:c.at])
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}

// endsLine tells whether only white space follows in the line.
func (c *cursor) endsLine() bool {
	for _, b := range c.text[c.at:] {
		switch b {
		case '\n':
			return true
		case ' ', '\t', '\r':
		default:
			return false
		}
	}
	return true
}

// lineEnd is where, in the Markdown, the line ends that reading got to.
func lineEnd(src []byte, at int) int {
	at = min(at, len(src))
	if end := bytes.IndexByte(src[at:], '\n'); end >= 0 {
		return at + end + 1
	}
	return len(src)
}

// inlineCursor begins where the reader of a block's text is, and moves it.
func inlineCursor(block text.Reader) *cursor {
	line, segment := block.PeekLine()
	return &cursor{
		text:   line,
		starts: []start{{0, segment.Start - segment.Padding}},
		more: func() ([]byte, int, bool) {
			block.AdvanceLine()
			line, segment := block.PeekLine()
			return line, segment.Start - segment.Padding, line != nil
		},
	}
}

// settle puts the reader of an inlineCursor where that is.
func (c *cursor) settle(block text.Reader) {
	last := c.starts[len(c.starts)-1]
	if c.more != nil { // else the reader is at the end already
		block.Advance(max(c.at, last.at) - last.at)
	}
}

// blockCursor begins at a position of the line that the reader is at, and
// leaves the reader alone. It takes in what the lines of the parent are: those
// with its quotes' marks, which it removes, or indented as its lists are.
func blockCursor(parent ast.Node, reader text.Reader, at int) *cursor {
	line, segment := reader.PeekLine()
	src, next := reader.Source(), segment.Stop
	quotes, columns, colons := surroundings(parent)
	return &cursor{
		text:   line[at:],
		starts: []start{{0, segment.Start - segment.Padding + at}},
		more: func() ([]byte, int, bool) {
			begin := next
			next = lineEnd(src, begin)
			line, ok := inner(src[begin:next], quotes, columns)
			ok = ok && !(colons && bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte(":::")))
			return line, next - len(line), ok
		},
	}
}

// surroundings are the quotes that a block is in, the columns by which lists
// indent it, and whether colons end it.
func surroundings(n ast.Node) (quotes, columns int, colons bool) {
	for ; n != nil; n = n.Parent() {
		switch n := n.(type) {
		case *ast.Blockquote:
			quotes++
		case *ast.ListItem:
			columns += n.Offset
		case *directive:
			colons = true
		}
	}
	return quotes, columns, colons
}

// inner is a line without the marks of quotes around it, if it has them.
func inner(line []byte, quotes, columns int) (rest []byte, ok bool) {
	if quotes == 0 {
		width, at := util.IndentWidth(line, 0)
		return line, width >= columns || len(bytes.TrimSpace(line[at:])) == 0
	}
	for range quotes {
		line = bytes.TrimLeft(line, " \t")
		if len(line) == 0 || line[0] != '>' {
			return nil, false
		}
		line = line[1:]
	}
	return line, true
}
