// Package difference shows authors what differs between two versions of a
// module, word by word.
//
//	GET /versions/:module/diff?from=&to=      as a page
//	GET /api/versions/:module/diff?from=&to=  the same as JSON
//
// from and to are versions' ids, or numbers such as 1.4.0.
package difference

import (
	"embed"
	"net/http"

	"pilothandbook/handbook/compare"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/versions/:module/diff", Access: web.Staff, Handle: e.show},
		{Method: "GET", Path: "/api/versions/:module/diff", Access: web.Staff, Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// difference is between two versions.
type difference struct {
	From    version.Version  `json:"from"`
	To      version.Version  `json:"to"`
	Lessons []compare.Lesson `json:"lessons"`
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	d, err := e.compare(r)
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "What differs in " + d.To.Version, Notice: e.notice, Data: d})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	d, err := e.compare(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, d)
}

func (e endpoint) compare(r *http.Request) (d difference, err error) {
	found, err := version.All(r.Context(), e.db, web.Param(r, "module"))
	if err != nil {
		return d, err
	}
	if d.From, err = version.Choose(found, "compare", r.URL.Query().Get("from")); err != nil {
		return d, err
	}
	if d.To, err = version.Choose(found, "compare", r.URL.Query().Get("to")); err != nil {
		return d, err
	}
	d.Lessons, err = compare.Versions(r.Context(), e.db, d.From.ID, d.To.ID)
	return d, err
}
