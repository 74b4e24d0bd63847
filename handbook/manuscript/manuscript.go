// Package manuscript reads a module's folder as its author keeps it, and
// checks all of it before anything is published.
//
//	module.yaml     what is sold: key, title, version, price, the lessons in order
//	lessons/*.mdx   their text
//	media/          images: svg, png, jpg; x.dark.svg is what dark pages show instead of x.svg
//	components/     custom elements in TypeScript, each with the props it takes
//
// A component is a pair of files: wind-triangle.ts defines the element
// m-wind-triangle, and wind-triangle.props.yaml says what a lesson may write
// in <WindTriangle …>, which the element finds as JSON in data-props:
//
//	props:
//	  - {name: unit, type: string, required: true, values: [kt, m/s]}
//	fallback: |
//	  Markdown for readers without script.
//
// Types are string, number, boolean, array and object. Without a fallback the
// lesson writes inside the tag what such readers see. Folders of components/
// hold what several components import; nothing else can be imported.
//
// Files and folders whose name begins with a dot, and other files beside these,
// are left out. WebP is not among the media: published images are converted to
// it anyway.
//
// [Read] tells every fault at once. The publisher reads a folder with it and
// the worker the blobs of an upload, so that both decide alike.
package manuscript

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/formula"
	"pilothandbook/platform/highlight"
)

// A Module is what module.yaml says.
type Module struct {
	Key, Title, Summary string
	Version             string
	Price               int    // in the currency's smallest unit; counts at first publication
	Currency            string // three lower-case letters
	Changelog           string
	Lessons             []Lesson
	Line                int      // of module.yaml where they begin
	Retired             []string // ids of lessons that former versions had
	Includes            []string // keys of the modules that a bundle is made of
	Unknown             mdx.Policy
}

// A Lesson is a lesson's entry in module.yaml.
type Lesson struct {
	ID, File string
	Preview  bool // may be read by everybody

	MovedFrom string // the id that it had in former versions, "" if it had this one
	Line      int    // of module.yaml where its id stands
}

// A File is one file of a module. Its path has slashes and begins at the
// module's folder.
type File struct {
	Path   string
	Size   int64
	SHA256 [sha256.Size]byte
}

// A Manuscript is a module's folder that has been read.
type Manuscript struct {
	Module
	Files  []File            // by path
	Digest [sha256.Size]byte // over the paths and contents of Files
	Abroad []Reference       // by file and line

	fsys     fs.FS
	pictures map[string]picture
	formulas *formula.Setter
	painter  *highlight.Painter
	own      map[string]own           // components of the module, by tag
	bundles  map[string]bundle.Module // by the files of a set of them
}

// A Reference is a link to a lesson of another module. What that module has,
// only a handbook knows.
type Reference struct {
	File                    string
	Line, Column            int
	Module, Lesson, Heading string // the heading is "" if the link names none
}

// Read reads and checks a module's folder. The manuscript is whole only if
// there are no faults; they are in the order of file and line.
func Read(fsys fs.FS) (*Manuscript, []mdx.Fault) { return new(Reader).Read(fsys) }

// A Reader reads a folder again and again. It remembers of each lesson what it
// saw last, so that one that was saved is all that is rendered anew. Its zero
// value is ready; it reads once at a time.
type Reader struct {
	Compiler bundle.Compiler // of modules' own components

	known map[surrounded]seen
}

// Read reads and checks a module's folder, as the function Read does.
func (r *Reader) Read(fsys fs.FS) (*Manuscript, []mdx.Fault) {
	g := &gate{known: r.known, compiler: r.Compiler, m: Manuscript{
		fsys: fsys, pictures: map[string]picture{}, formulas: &formula.Setter{}, painter: &highlight.Painter{}, own: map[string]own{}, bundles: map[string]bundle.Module{},
	}, texts: map[string][]byte{}, spelled: map[string]string{}}
	g.walk()
	g.darks()
	if g.module() {
		g.components()
		g.lessons()
	}
	slices.SortStableFunc(g.faults, mdx.Fault.Compare)
	m := g.m
	m.Digest = digest(m.Files)
	r.known = g.seen
	return &m, g.faults
}

// Picture is the size in pixels of an image of the module.
func (m *Manuscript) Picture(path string) (width, height int, ok bool) {
	p, ok := m.pictures[path]
	return p.width, p.height, ok
}

// Render renders the lessons one by one, in order, each with its faults. The
// URL of an image is what mediaURL says; it must be escaped.
func (m *Manuscript) Render(mediaURL func(path string, sha [sha256.Size]byte) string) iter.Seq2[mdx.Lesson, []mdx.Fault] {
	return m.RenderShowing(m.originals(mediaURL))
}

// RenderShowing is Render for images of which there are several files.
func (m *Manuscript) RenderShowing(image func(path string) mdx.Sized) iter.Seq2[mdx.Lesson, []mdx.Fault] {
	r := m.resolver(image)
	return func(yield func(mdx.Lesson, []mdx.Fault) bool) {
		for _, l := range m.Lessons {
			if !yield(m.render(l, r)) {
				return
			}
		}
	}
}

// Lesson renders one lesson of the list, as Render does.
func (m *Manuscript) Lesson(i int, mediaURL func(path string, sha [sha256.Size]byte) string) (mdx.Lesson, []mdx.Fault) {
	return m.render(m.Lessons[i], m.resolver(m.originals(mediaURL)))
}

func (m *Manuscript) render(l Lesson, r mdx.Resolver) (mdx.Lesson, []mdx.Fault) {
	src, err := fs.ReadFile(m.fsys, l.File)
	if err != nil || sha256.Sum256(src) != m.file(l.File).SHA256 {
		return mdx.Lesson{}, []mdx.Fault{{File: l.File, Text: "the file changed while it was read; try again"}}
	}
	return mdx.Render(l.File, src, r)
}

// originals shows images as their files are.
func (m *Manuscript) originals(mediaURL func(path string, sha [sha256.Size]byte) string) func(path string) mdx.Sized {
	return func(path string) mdx.Sized {
		p := m.pictures[path]
		return mdx.Sized{URL: mediaURL(path, p.sha), Width: p.width, Height: p.height}
	}
}

func (m *Manuscript) resolver(image func(path string) mdx.Sized) mdx.Resolver {
	urls := make(map[string]string, len(m.Lessons))
	for _, l := range m.Lessons {
		if urls[l.File] == "" {
			urls[l.File] = "/modules/" + m.Key + "/lessons/" + l.ID
		}
	}
	return mdx.Resolver{
		Component: m.named,
		Names:     slices.Concat(mdx.BuiltinNames(), slices.Sorted(maps.Keys(m.own))),
		Import:    m.imported,
		Unknown:   m.Unknown,
		Math:      typeset(m.formulas),
		Code:      m.painter.Lines,
		Lesson: func(path string) (string, bool) {
			url, ok := urls[path]
			return url, ok
		},
		Module: m.other,
		Media: func(path string) (mdx.Sized, bool) {
			if _, ok := m.pictures[path]; !ok {
				return mdx.Sized{}, false
			}
			shown := image(path)
			if file, ok := m.Dark(path); ok {
				dark := image(file)
				shown.Dark = &dark
			}
			return shown, true
		},
	}
}

// other tells why lessons of a module cannot be linked by their address. That
// of a module can; whether the lesson is there, a folder does not know, and two
// modules that refer to each other cannot both be published first.
func (m *Manuscript) other(key string) (problem string) {
	modules := Modules()
	switch {
	case key == m.Key:
		return "the link leads to a lesson of this module by its address; name its file, as [text](other.mdx)"
	case !slices.Contains(modules, key):
		return fmt.Sprintf("there is no module %q to link to; known are %s", key, strings.Join(modules, ", "))
	}
	return ""
}

func (m *Manuscript) file(path string) File {
	i, ok := slices.BinarySearchFunc(m.Files, path, func(f File, path string) int {
		return strings.Compare(f.Path, path)
	})
	if !ok {
		return File{}
	}
	return m.Files[i]
}

// digest depends on nothing but paths and contents. A path has no NUL, so two
// folders cannot be written alike.
func digest(files []File) [sha256.Size]byte {
	h := sha256.New()
	for _, f := range files {
		h.Write([]byte(f.Path))
		h.Write([]byte{0})
		h.Write(f.SHA256[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
