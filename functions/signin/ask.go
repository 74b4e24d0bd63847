package signin

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// asking is the form for the address, as it was typed.
type asking struct {
	Email, Next string
	Field, Text string // what is wrong with it
	Passkeys    bool   // they work here
	After       string // what has just been done: "deleted" or "changed"
}

func (e endpoint) form(w http.ResponseWriter, r *http.Request) error {
	next := local(r.URL.Query().Get("next"))
	if access.Of(r.Context()) != nil {
		return web.SeeOther(w, r, next)
	}
	return e.showForm(w, r, asking{Next: next, After: r.URL.Query().Get("after")}, http.StatusOK)
}

func (e endpoint) ask(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	in := asking{Email: r.PostFormValue("email"), Next: local(r.PostFormValue("next"))}
	email, err := account.Email(in.Email)
	if err != nil {
		return e.askAgain(w, r, in, err)
	}
	browser := e.browser(r)
	var id uuid.UUID
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) (err error) {
		id, err = account.Ask(r.Context(), tx, email, browser, in.Next)
		return err
	})
	if err != nil {
		return e.askAgain(w, r, in, err)
	}
	private(w)
	web.Cookie(w, e.secure, asked, browser, askedLife)
	return web.SeeOther(w, r, "/signin/"+id.String())
}

// askAgain shows the form as it was typed, with what is wrong.
func (e endpoint) askAgain(w http.ResponseWriter, r *http.Request, in asking, err error) error {
	f := fault.Of(err)
	if f.Kind != fault.Invalid && f.Kind != fault.TooMany || !web.WantsPage(r) {
		return err
	}
	in.Field, in.Text = f.Field, f.Text
	return e.showForm(w, r, in, web.Status(f.Kind))
}

func (e endpoint) showForm(w http.ResponseWriter, r *http.Request, in asking, status int) error {
	private(w)
	in.Passkeys = e.passkeys
	return e.askPage.Show(w, r, status, reader.View{Title: "Sign in", Notice: e.notice, Data: in})
}

// local returns where to go after signing in, as PostgreSQL can store it.
func local(next string) string {
	return web.LocalPath(strings.ToValidUTF8(next, ""))
}
