// Package people is where operators find accounts, and read why somebody may,
// or may not, read a module.
//
//	GET /admin/people?q=&before=     accounts, the newest first, as a page
//	GET /admin/people/:person        all that is known about one, as a page
//	GET /api/admin/people            the same as JSON
//	GET /api/admin/people/:person    the same as JSON
package people

import (
	"embed"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed list.html person.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, config: p.Config, notice: p.Notice, list: reader.New(files, "list.html"), person: reader.New(files, "person.html")}
	return []web.Route{
		{Method: "GET", Path: "/admin/people", Access: web.Operator, Handle: e.showList},
		{Method: "GET", Path: "/admin/people/:person", Access: web.Operator, Handle: e.showPerson},
		{Method: "GET", Path: "/api/admin/people", Access: web.Operator, Handle: e.tellList},
		{Method: "GET", Path: "/api/admin/people/:person", Access: web.Operator, Handle: e.tellPerson},
	}
}

type endpoint struct {
	db           *db.Pool
	config       *config.Config
	notice       string
	list, person *reader.Page
}

func (e endpoint) showList(w http.ResponseWriter, r *http.Request) error {
	l, err := e.search(r.Context(), r.URL)
	if err != nil {
		return err
	}
	return e.list.Show(w, r, http.StatusOK, reader.View{Title: "People", Notice: e.notice, Data: l})
}

func (e endpoint) tellList(w http.ResponseWriter, r *http.Request) error {
	l, err := e.search(r.Context(), r.URL)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, l)
}

func (e endpoint) showPerson(w http.ResponseWriter, r *http.Request) error {
	v, err := e.look(r)
	if err != nil {
		return err
	}
	title := v.Email
	if v.Deleted != nil {
		title = "A deleted account"
	}
	return e.person.Show(w, r, http.StatusOK, reader.View{Title: title, Notice: e.notice, Data: v})
}

func (e endpoint) tellPerson(w http.ResponseWriter, r *http.Request) error {
	v, err := e.look(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

// look returns all that is known about the person in the path.
func (e endpoint) look(r *http.Request) (person, error) {
	id, err := account.Person(web.Param(r, "person"))
	if err != nil {
		return person{}, err
	}
	v, err := about(r.Context(), e.db, id, e.config.Admins())
	if errors.Is(err, pgx.ErrNoRows) {
		return gone(r.Context(), e.db, id)
	}
	return v, err
}
