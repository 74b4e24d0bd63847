package mdx

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var (
	openComment  = []byte("{/*")
	closeComment = []byte("*/}")
)

// openTags counts, by name, the tags that are still open: the fault of an
// opening tag speaks for its closing one.
var openTags = parser.NewContextKey()

// tag reports JSX and HTML.
type tag struct{}

// Trigger implements parser.InlineParser.
func (tag) Trigger() []byte { return []byte{'<'} }

// Parse implements parser.InlineParser.
func (tag) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	name, closing, ok := tagName(line)
	if !ok {
		return nil
	}
	opened := pc.ComputeIfAbsent(openTags, func() any { return map[string]int{} }).(map[string]int)
	end := bytes.IndexByte(line, '>') + 1
	switch {
	case closing && opened[name] > 0:
		opened[name]--
	case closing:
		faultsOf(pc).in(segment.Start, "</%s> closes nothing; remove it, or write \\< for the character", name)
	default:
		reportTag(name, segment.Start, faultsOf(pc))
		if end < 2 || line[end-2] != '/' {
			opened[name]++
		}
	}
	if end == 0 {
		end = len(bytes.TrimRight(line, "\r\n"))
	}
	block.Advance(end)
	return &dropped{}
}

func reportTag(name string, offset int, f *faults) {
	switch {
	case name == "!" || name == "?":
		f.in(offset, "<%s is HTML; write a comment as {/* … */}, or \\< for the character", name)
	case name == "":
		f.in(offset, "<> is JSX; remove it, or write \\< for the character")
	case name[0] >= 'A' && name[0] <= 'Z':
		f.in(offset, "<%s> is not a component of this handbook; write Markdown, or \\< for the character", name)
	default:
		f.in(offset, "<%s> is HTML; write Markdown, or \\< for the character", name)
	}
}

// tagName reads the name behind the < that line begins with. Like MDX, it
// takes <> and </> as tags; unlike it, "<5" and "<=" as text.
func tagName(line []byte) (name string, closing, ok bool) {
	rest := line[1:]
	if len(rest) > 0 && rest[0] == '/' {
		rest, closing = rest[1:], true
	}
	if len(rest) == 0 {
		return "", false, false
	}
	switch c := rest[0]; {
	case c == '>':
		return "", closing, true
	case !closing && (c == '!' || c == '?'):
		return string(c), false, true
	case !letter(c):
		return "", false, false
	}
	end := bytes.IndexFunc(rest, func(r rune) bool {
		return r > 127 || !letter(byte(r)) && (r < '0' || r > '9') && r != '.' && r != ':' && r != '-'
	})
	if end < 0 {
		end = len(rest)
	}
	return string(rest[:min(end, 60)]), closing, true
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}

// expression removes comments, and reports all other expressions.
type expression struct{}

// Trigger implements parser.InlineParser.
func (expression) Trigger() []byte { return []byte{'{'} }

// Parse implements parser.InlineParser.
func (expression) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if bytes.HasPrefix(line, openComment) {
		comment(block, segment.Start, pc)
		return &dropped{}
	}
	reportExpression(line, segment.Start, faultsOf(pc))
	end := bytes.IndexByte(line, '}') + 1
	if end == 0 {
		end = len(bytes.TrimRight(line, "\r\n"))
	}
	block.Advance(max(end, 1))
	return &dropped{}
}

func reportExpression(line []byte, offset int, f *faults) {
	if bytes.HasPrefix(line, []byte("{#")) {
		f.in(offset, "a heading's id is made from its text; remove {#…}")
		return
	}
	f.in(offset, "{…} is an expression, and none is evaluated here; write its value, or \\{ for the character")
}

// comment skips a comment, or all of the block if it does not end there.
func comment(block text.Reader, start int, pc parser.Context) {
	block.Advance(len(openComment))
	for {
		line, _ := block.PeekLine()
		if line == nil {
			faultsOf(pc).in(start, "the comment is not closed; end it with */}, before the next empty line if text stands before it")
			return
		}
		if end := bytes.Index(line, closeComment); end >= 0 {
			block.Advance(end + len(closeComment))
			return
		}
		block.AdvanceLine()
	}
}

// commentBlock removes comments that begin a block, so that they may hold
// empty lines and Markdown.
type commentBlock struct{}

// Trigger implements parser.BlockParser.
func (commentBlock) Trigger() []byte { return []byte{'{'} }

// Open implements parser.BlockParser.
func (commentBlock) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || !bytes.HasPrefix(line[at:], openComment) {
		return nil, parser.NoChildren
	}
	end := bytes.Index(line[at:], closeComment)
	if end >= 0 && len(bytes.TrimSpace(line[at+end+len(closeComment):])) > 0 {
		return nil, parser.NoChildren // text follows: a comment in a paragraph
	}
	reader.AdvanceToEOL()
	return &droppedBlock{closed: end >= 0}, parser.NoChildren
}

// Continue implements parser.BlockParser.
func (commentBlock) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	n := node.(*droppedBlock)
	if n.closed {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	if end := bytes.Index(line, closeComment); end >= 0 {
		n.closed = true
		end += len(closeComment)
		if len(bytes.TrimSpace(line[end:])) > 0 {
			faultsOf(pc).in(segment.Start+end, "text follows the end of a comment; put it on the next line")
		}
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

// Close implements parser.BlockParser.
func (commentBlock) Close(node ast.Node, _ text.Reader, pc parser.Context) {
	if n := node.(*droppedBlock); !n.closed {
		faultsOf(pc).in(n.Pos(), "the comment is not closed; end it with */}")
	}
}

// CanInterruptParagraph implements parser.BlockParser.
func (commentBlock) CanInterruptParagraph() bool { return false }

// CanAcceptIndentedLine implements parser.BlockParser.
func (commentBlock) CanAcceptIndentedLine() bool { return true }

// module reports import and export, which MDX takes to the next empty line.
type module struct{}

// Trigger implements parser.BlockParser.
func (module) Trigger() []byte { return []byte{'i', 'e'} }

// Open implements parser.BlockParser.
func (module) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	word, _, found := bytes.Cut(line, []byte(" "))
	if !found || parent.Kind() != ast.KindDocument || string(word) != "import" && string(word) != "export" {
		return nil, parser.NoChildren
	}
	faultsOf(pc).in(segment.Start, "a line that begins with %q is JavaScript, and a lesson has none; "+
		"remove it, or begin the sentence otherwise", word)
	reader.AdvanceToEOL()
	return &droppedBlock{}, parser.NoChildren
}

// Continue implements parser.BlockParser.
func (module) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	if line, _ := reader.PeekLine(); len(bytes.TrimSpace(line)) == 0 {
		return parser.Close
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

// Close implements parser.BlockParser.
func (module) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph implements parser.BlockParser.
func (module) CanInterruptParagraph() bool { return false }

// CanAcceptIndentedLine implements parser.BlockParser.
func (module) CanAcceptIndentedLine() bool { return false }
