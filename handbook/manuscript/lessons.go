package manuscript

import (
	"crypto/sha256"
	"maps"
	"path"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/mdx"
)

// lessonFiles are the lessons in the folder, listed or not.
func (g *gate) lessonFiles() []string {
	files := slices.Sorted(maps.Keys(g.texts))
	return slices.DeleteFunc(files, func(f string) bool { return path.Ext(f) != ".mdx" })
}

// lessons checks the text of every lesson, and that none is forgotten.
func (g *gate) lessons() {
	r := g.m.resolver(g.m.originals(func(string, [sha256.Size]byte) string { return "/" }))
	files := g.lessonFiles()
	links, headings := map[string][]mdx.Link{}, map[string][]string{}
	for i, l := range g.read(files, r) {
		file := files[i]
		if _, listed := r.Lesson(file); !listed {
			g.fault(file, 0, 0, "the lesson is not listed; add it to the lessons of %s, or remove the file", moduleFile)
		}
		g.faults = append(g.faults, l.faults...)
		g.budget(file, l)
		g.bundle(file, l.Elements)
		links[file] = l.Links
		if len(l.faults) == 0 || len(l.Headings) > 0 { // else it could not be read, and its headings are not known
			headings[file] = ids(l.Headings)
		}
	}
	for _, file := range files {
		g.anchors(file, links[file], headings)
		g.abroad(file, links[file])
	}
}

// seen is a lesson that the gate has rendered.
type seen struct {
	mdx.Lesson     // without its HTML
	size       int // of that, compressed, if it may be over its budget
	faults     []mdx.Fault
}

// surrounded is all that a lesson's rendering depends on.
type surrounded struct {
	file         string
	text, others [sha256.Size]byte
}

// surroundings are what lessons may refer to: all files, of which other lessons
// count by their names alone.
func (g *gate) surroundings() [sha256.Size]byte {
	files := slices.Clone(g.m.Files)
	for i, f := range files {
		if path.Ext(f.Path) == ".mdx" {
			files[i].SHA256 = [sha256.Size]byte{}
		}
	}
	return digest(files)
}

// read renders lessons, as many at once as there are processors, but for those
// that are known. Their HTML is not kept: a module may have more of it than the
// machine has memory.
func (g *gate) read(files []string, r mdx.Resolver) []seen {
	read := make([]seen, len(files))
	others := g.surroundings()
	keys := make([]surrounded, len(files))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		keys[i] = surrounded{file, g.m.file(file).SHA256, others}
		if l, ok := g.known[keys[i]]; ok {
			read[i] = l
			continue
		}
		all.Go(func() error {
			l := &read[i]
			l.Lesson, l.faults = mdx.Render(file, g.texts[file], r)
			l.size = compressed(l.HTML)
			l.HTML = ""
			return nil
		})
	}
	_ = all.Wait() // none of them fails
	g.seen = make(map[surrounded]seen, len(files))
	for i, key := range keys {
		g.seen[key] = read[i]
	}
	return read
}

func ids(headings []mdx.Heading) []string {
	known := make([]string, len(headings))
	for i, h := range headings {
		known[i] = h.ID
	}
	return known
}

// abroad notes links to lessons of other modules.
func (g *gate) abroad(file string, links []mdx.Link) {
	for _, l := range links {
		if module, lesson, heading, ok := l.Abroad(); ok {
			g.m.Abroad = append(g.m.Abroad, Reference{file, l.Line, l.Column, module, lesson, heading})
		}
	}
}

// anchors checks links to headings of other lessons.
func (g *gate) anchors(file string, links []mdx.Link, headings map[string][]string) {
	for _, l := range links {
		known, ok := headings[l.Path]
		if ok && l.Path != file && l.Fragment != "" && !slices.Contains(known, l.Fragment) {
			g.fault(file, l.Line, l.Column, "there is no heading #%s in %s; %s", l.Fragment, l.Path, mdx.OtherHeading(l.Fragment, known))
		}
	}
}
