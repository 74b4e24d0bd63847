package mdx

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// markdown is the HTML of a line of Markdown that an attribute holds. It has
// no components.
func (s *survey) markdown(e *element, a attribute, text string) string {
	if s.faults.silent {
		return ""
	}
	f := &faults{file: s.faults.file, src: s.faults.src, lines: s.faults.lines, body: s.faults.body + a.value.at, pinned: true}
	d := &document{lesson: s.lesson, faults: f, body: []byte(text), math: s.math}
	html := ""
	if found, ok := d.parse(); ok {
		inner := newSurvey(d, found, Resolver{Lesson: s.resolver.Lesson, Media: s.resolver.Media, Module: s.resolver.Module, Math: s.resolver.Math})
		inner.ids, inner.formulas = s.ids, s.formulas
		inner.module()
		inner.walk()
		s.here = append(s.here, inner.here...)
		html = d.line(e, a.name)
	}
	s.faults.lines = f.lines
	for _, fault := range f.list {
		s.faults.add(fault.Line, fault.Column, "%s of %s: %s", a.name, e, fault.Text)
	}
	return html
}

// line is the HTML of a text that is one paragraph, without its tags.
func (d *document) line(e *element, name string) string {
	p := d.root.FirstChild()
	if p == nil {
		return ""
	}
	if p.NextSibling() != nil || p.Kind() != ast.KindParagraph {
		d.faults.in(0, "it takes a line of text, without lists, headings, images and the like")
		return ""
	}
	inline := ast.NewTextBlock()
	inline.SetPos(p.Pos())
	d.root.ReplaceChild(d.root, p, inline)
	for c := p.FirstChild(); c != nil; c = p.FirstChild() {
		inline.AppendChild(inline, c)
	}
	if len(d.faults.list) > 0 {
		return ""
	}
	html, err := d.html()
	if err != nil {
		d.faults.in(0, "%v", err)
	}
	return strings.TrimSpace(html)
}
