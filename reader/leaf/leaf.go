// Package leaf is a lesson as a page, for those who serve it and for its
// author's preview.
package leaf

import (
	"embed"
	"html/template"
	"strings"

	"pilothandbook/handbook/version"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// A Leaf is what a lesson's page and JSON show.
type Leaf struct {
	Module      string `json:"module"`
	ModuleTitle string `json:"module_title"`
	Version     string `json:"version"`
	Checksum    string `json:"checksum"`
	Number      int    `json:"number"` // from 1
	Of          int    `json:"of"`
	Minutes     int    `json:"minutes"`
	version.Lesson
	Previous *Link `json:"previous"`
	Next     *Link `json:"next"`

	Draft *version.Version `json:"-"` // whose preview this is, nil where readers have it
}

// A Link leads to another lesson.
type Link struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Of is the leaf of lesson i of a version, whose lessons are heads.
func Of(v *version.Version, heads []version.Head, i int, l version.Lesson) Leaf {
	leaf := Leaf{
		Module: v.Module, ModuleTitle: v.Title, Version: v.Version, Checksum: v.Checksum,
		Number: i + 1, Of: len(heads), Minutes: l.Minutes(), Lesson: l,
	}
	if i > 0 {
		leaf.Previous = &Link{heads[i-1].ID, heads[i-1].Title}
	}
	if i+1 < len(heads) {
		leaf.Next = &Link{heads[i+1].ID, heads[i+1].Title}
	}
	return leaf
}

// Draft is the leaf of a lesson in a version that readers have not. Its links to
// lessons of the module stay within the preview, and reading it counts for
// nothing.
func Draft(v *version.Version, heads []version.Head, i int, l version.Lesson) Leaf {
	leaf := Of(v, heads, i, l)
	leaf.Draft = v
	within := "/modules/" + v.Module
	leaf.HTML = strings.NewReplacer(
		`href="`+within+`/lessons/`, `href="`+leaf.Home()+`/lessons/`,
		`href="`+within+`"`, `href="`+leaf.Home()+`"`,
	).Replace(l.HTML)
	return leaf
}

// Home is the address of the outline; below it are the lessons.
func (l Leaf) Home() string {
	if l.Draft != nil {
		return "/previews/" + l.Draft.ID.String()
	}
	return "/modules/" + l.Module
}

// Text returns the lesson's HTML, which was sanitised when it was made.
func (l Leaf) Text() template.HTML { return template.HTML(l.HTML) }

// Then returns where "finish" leads.
func (l Leaf) Then() string {
	if l.Next == nil {
		return l.Home()
	}
	return l.Home() + "/lessons/" + l.Next.ID
}

// A Page builds leaves.
type Page struct{ page *reader.Page }

// New returns a Page.
func New() Page { return Page{reader.New(files, "page.html")} }

// Build returns the bytes of a leaf's page, which depend on nothing but the
// leaf, the notice and this build.
func (p Page) Build(l Leaf, notice string) ([]byte, error) {
	return p.page.Build(reader.View{Title: l.Title + " · " + l.ModuleTitle, Notice: notice, Same: true, Data: l})
}
