// Package roles is where operators say who may publish and who may operate.
//
//	GET  /admin/people/:person/roles   which roles somebody has, with the forms
//	POST /admin/people/:person/roles   gives a role or takes it away
//
// A role that is taken away ends at once: sessions are asked for it again, and
// an author's tokens are revoked, so that none comes back to life with the
// role.
package roles

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), config: p.Config, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/admin/people/:person/roles", Access: web.Operator, Handle: e.show},
		{Method: "POST", Path: "/admin/people/:person/roles", Access: web.Operator, Handle: confirm.First(p.DB, "/admin/people", e.change)},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	config *config.Config
	notice string
	page   *reader.Page
}

// view is the page.
type view struct {
	Person      uuid.UUID
	Email, Name string
	Roles       []role
	Set         bool // by ADMIN_EMAILS
	Self        bool
	Recent      bool // signed in a moment ago
	Confirm     string
	Saved       string // what was just done

	web.Mistake
}

// role is one that there is, and what it allows.
type role struct {
	Name, Allows string
	Has          bool
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error { return e.answer(w, r, nil) }

// answer shows the page, with what was refused.
func (e endpoint) answer(w http.ResponseWriter, r *http.Request, refused error) error {
	v := view{Saved: r.URL.Query().Get("saved")}
	status, err := v.Refuse(r, refused)
	if err != nil {
		return err
	}
	if err := e.read(r, &v); err != nil {
		return err
	}
	return e.page.Show(w, r, status, reader.View{Title: "What " + v.Email + " may do", Notice: e.notice, Data: v})
}

func (e endpoint) read(r *http.Request, v *view) (err error) {
	if v.Person, err = account.Person(web.Param(r, "person")); err != nil {
		return err
	}
	var has []string
	err = e.db.QueryRow(r.Context(), `
		SELECT email, coalesce(name, ''), roles
		FROM users
		WHERE id = $1`, v.Person).Scan(&v.Email, &v.Name, &has)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.Nobody()
	}
	if err != nil {
		return fmt.Errorf("roles of %s: %w", v.Person, err)
	}
	v.Set, v.Self = e.set(v.Email), v.Person == access.User(r.Context())
	v.Roles = []role{
		{"author", "They may publish modules, from the command line with tokens of their own.", v.Set || slices.Contains(has, "author")},
		{"operator", "They may see all accounts, open modules, give payments back and change roles.", v.Set || slices.Contains(has, "operator")},
	}
	v.Confirm = confirm.Page(path(v.Person))
	v.Recent, err = confirm.Recent(r.Context(), e.db)
	return err
}

// set reports whether the configuration makes an address an operator's.
func (e endpoint) set(email string) bool { return slices.Contains(e.config.Admins(), email) }

func path(person uuid.UUID) string { return "/admin/people/" + person.String() + "/roles" }
