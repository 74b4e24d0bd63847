package mdx

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// bareAddress finds addresses of the web and of mail that stand in the text as
// they are. It is asked at each word, and most begin none, which it sees faster
// than the library's parser.
type bareAddress struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (b bareAddress) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	word := line
	switch line[0] {
	case ' ', '*', '_', '~', '(':
		word = line[1:]
	}
	if !bytes.HasPrefix(word, []byte("http")) && !bytes.HasPrefix(word, []byte("www.")) && !readingOf(pc).mail {
		return nil
	}
	return b.InlineParser.Parse(parent, block, pc)
}
