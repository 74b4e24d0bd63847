package mdx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// document is a lesson that has been read.
type document struct {
	lesson Lesson
	faults *faults
	body   []byte
	root   ast.Node
}

func read(file string, src []byte, r Resolver) *document {
	d := &document{faults: &faults{file: file, src: src}}
	if !within(src, d.faults) || !front(src, &d.lesson, d.faults) {
		return d
	}
	d.body = src[d.faults.body:]
	if !blocksWithin(d.body, d.faults) {
		return d
	}
	pc := parser.NewContext()
	pc.Set(faultsKey, d.faults)
	d.root = engine().Parser().Parse(text.NewReader(d.body), parser.WithContext(pc))
	s := survey{document: d, resolver: r, ids: map[string]int{}}
	s.walk()
	return d
}

// maxHTML bounds the HTML of a lesson; definitions used often make it larger
// than its source.
const maxHTML = 4 * maxSource

var errTooLong = errors.New("the lesson's HTML is too long; split the lesson")

func (d *document) html() (string, error) {
	out := bounded{}
	out.Grow(len(d.body) + len(d.body)/2)
	err := engine().Renderer().Render(&out, d.body, d.root)
	if errors.Is(err, errTooLong) {
		return "", errTooLong
	}
	if err != nil {
		return "", fmt.Errorf("render: %w", err)
	}
	return out.String(), nil
}

// bounded is a builder that takes no more than maxHTML.
type bounded struct{ strings.Builder }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxHTML {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}
