package manuscript

import (
	"crypto/sha256"
	"maps"
	"slices"

	"pilothandbook/handbook/mdx"
)

// lessonFiles are the lessons in the folder, listed or not.
func (g *gate) lessonFiles() []string {
	files := slices.Sorted(maps.Keys(g.texts))
	return slices.DeleteFunc(files, func(f string) bool { return f == moduleFile })
}

// lessons checks the text of every lesson, and that none is forgotten.
func (g *gate) lessons() {
	r := g.m.resolver(func(string, [sha256.Size]byte) string { return "/" })
	scanned := map[string]mdx.Lesson{}
	for _, file := range g.lessonFiles() {
		listed := slices.ContainsFunc(g.m.Lessons, func(l Lesson) bool { return l.File == file })
		if !listed {
			g.fault(file, 0, 0, "the lesson is not listed; add it to the lessons of %s, or remove the file", moduleFile)
		}
		lesson, faults := mdx.Scan(file, g.texts[file], r)
		g.faults = append(g.faults, faults...)
		scanned[file] = lesson
	}
	for file, lesson := range scanned {
		g.anchors(file, lesson.Links, scanned)
	}
}

// anchors checks links to headings of other lessons.
func (g *gate) anchors(file string, links []mdx.Link, scanned map[string]mdx.Lesson) {
	for _, l := range links {
		target, ok := scanned[l.Path]
		if !ok || l.Path == file || l.Fragment == "" {
			continue
		}
		known := slices.ContainsFunc(target.Headings, func(h mdx.Heading) bool { return h.ID == l.Fragment })
		if !known {
			g.fault(file, l.Line, l.Column, "there is no heading #%s in %s", l.Fragment, l.Path)
		}
	}
}
