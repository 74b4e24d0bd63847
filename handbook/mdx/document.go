package mdx

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// document is a text that has been read: a lesson, or a line of Markdown that
// an attribute holds.
type document struct {
	lesson *Lesson
	faults *faults
	body   []byte
	root   ast.Node
	math   bool // dollars are formulas
}

func read(file string, src []byte, r Resolver) *document {
	src = bytes.TrimPrefix(src, []byte("\uFEFF")) // some editors begin each file with this mark, which nobody sees
	d := &document{lesson: &Lesson{}, faults: &faults{file: file, src: src}, math: r.Math != nil}
	if !within(src, d.faults) || !front(src, d.lesson, d.faults) {
		return d
	}
	d.body = src[d.faults.body:]
	found, ok := d.parse()
	if !ok {
		return d
	}
	s := newSurvey(d, found, r)
	s.module()
	s.walk()
	s.lesson.Kept = s.keptByName()
	return d
}

// parse makes the tree of a text, if that is within its bounds.
func (d *document) parse() (found *reading, ok bool) {
	if !blocksWithin(d.body, d.faults) {
		return nil, false
	}
	found = &reading{faults: d.faults, lost: map[string]int{}, mail: bytes.IndexByte(d.body, '@') >= 0, math: d.math}
	pc := parser.NewContext()
	pc.Set(readingKey, found)
	d.root = engine().Parser().Parse(text.NewReader(d.body), parser.WithContext(pc))
	return found, true
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
