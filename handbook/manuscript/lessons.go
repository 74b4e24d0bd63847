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
	links, headings := map[string][]mdx.Link{}, map[string]map[string]bool{}
	for _, file := range g.lessonFiles() {
		if _, listed := r.Lesson(file); !listed {
			g.fault(file, 0, 0, "the lesson is not listed; add it to the lessons of %s, or remove the file", moduleFile)
		}
		lesson, faults := mdx.Scan(file, g.texts[file], r)
		g.faults = append(g.faults, faults...)
		links[file] = lesson.Links
		if len(faults) == 0 || len(lesson.Headings) > 0 { // else it could not be read, and its headings are not known
			headings[file] = ids(lesson.Headings)
		}
	}
	for file, all := range links {
		g.anchors(file, all, headings)
	}
}

func ids(headings []mdx.Heading) map[string]bool {
	known := make(map[string]bool, len(headings))
	for _, h := range headings {
		known[h.ID] = true
	}
	return known
}

// anchors checks links to headings of other lessons.
func (g *gate) anchors(file string, links []mdx.Link, headings map[string]map[string]bool) {
	for _, l := range links {
		known, ok := headings[l.Path]
		if ok && l.Path != file && l.Fragment != "" && !known[l.Fragment] {
			g.fault(file, l.Line, l.Column, "there is no heading #%s in %s", l.Fragment, l.Path)
		}
	}
}
