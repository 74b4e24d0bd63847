// Package previews shows authors and operators a version that readers have
// not, as readers will get it. To readers there is nothing here, and reading
// counts for nothing.
//
//	GET /previews/:version                  the outline
//	GET /previews/:version/lessons/:lesson  a lesson
//
// version is an id. The active version is where readers have it.
package previews

import (
	"embed"
	"net/http"
	"slices"

	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
	"pilothandbook/reader/leaf"
)

//go:embed outline.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "outline.html"), leaf: leaf.New()}
	return []web.Route{
		{Method: http.MethodGet, Path: "/previews/:version", Access: web.Staff, Handle: e.outline},
		{Method: http.MethodGet, Path: "/previews/:version/lessons/:lesson", Access: web.Staff, Handle: e.lesson},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
	leaf   leaf.Page
}

// draft is a version with its lessons in order.
type draft struct {
	*version.Version
	Lessons []version.Head
}

// find returns the version of a path.
func (e endpoint) find(r *http.Request) (d draft, err error) {
	if d.Version, err = version.Find(r.Context(), e.db, web.Param(r, "version")); err != nil {
		return d, err
	}
	d.Lessons, err = version.Outline(r.Context(), e.db, d.ID)
	return d, err
}

func (e endpoint) outline(w http.ResponseWriter, r *http.Request) error {
	d, err := e.find(r)
	if err != nil {
		return err
	}
	if d.Active {
		return web.SeeOther(w, r, "/modules/"+d.Module)
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "Preview of " + d.Title + " " + d.Version.Version, Notice: e.notice, Data: d})
}

func (e endpoint) lesson(w http.ResponseWriter, r *http.Request) error {
	d, err := e.find(r)
	if err != nil {
		return err
	}
	id := web.Param(r, "lesson")
	i := slices.IndexFunc(d.Lessons, func(h version.Head) bool { return h.ID == id })
	if i < 0 {
		return fault.New(fault.NotFound, "There is no such lesson in %s of %s. Look for it in the outline at /previews/%s.", d.Version.Version, d.Title, d.ID)
	}
	if d.Active {
		return web.SeeOther(w, r, "/modules/"+d.Module+"/lessons/"+id)
	}
	l, err := version.ReadLesson(r.Context(), e.db, d.ID, id)
	if err != nil {
		return err
	}
	page, err := e.leaf.Build(leaf.Draft(d.Version, d.Lessons, i, l), e.notice)
	if err != nil {
		return err
	}
	return web.Bytes(w, http.StatusOK, "text/html; charset=utf-8", page)
}
