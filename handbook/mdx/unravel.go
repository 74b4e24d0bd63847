package mdx

import "github.com/yuin/goldmark/ast"

// unravel frees elements that are blocks from paragraphs that have nothing
// else.
func (s *survey) unravel() {
	var paragraphs []ast.Node
	_ = ast.Walk(s.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && (n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock) {
			if s.onlyBlocks(n) {
				paragraphs = append(paragraphs, n)
			}
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	for _, p := range paragraphs {
		for c := p.FirstChild(); c != nil; c = p.FirstChild() {
			p.RemoveChild(p, c)
			if e, ok := asElement(c); ok {
				s.free(e)
				p.Parent().InsertBefore(p.Parent(), p, e)
			}
		}
		p.Parent().RemoveChild(p.Parent(), p)
	}
}

// onlyBlocks tells whether a node has elements only, and one that is a block.
func (s *survey) onlyBlocks(n ast.Node) bool {
	block := false
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if e, ok := asElement(c); ok {
			block = block || s.isBlock(e)
			continue
		}
		if s.contentName(c) != "" {
			return false
		}
	}
	return block
}

func (s *survey) isBlock(e *element) bool {
	if e.isFragment() {
		return s.onlyBlocks(e)
	}
	if e.isNative() {
		n, ok := natives(e.tag.name)
		return ok && !n.inline
	}
	c, ok := s.find(e.tag.name)
	return ok && !c.Inline
}

// free makes a block of an element, and of those in it that may be one.
func (s *survey) free(e *element) {
	e.inline = false
	for c := e.FirstChild(); c != nil; c = c.NextSibling() {
		if inner, ok := asElement(c); ok && s.isBlock(inner) {
			s.free(inner)
		}
	}
}
