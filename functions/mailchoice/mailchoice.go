// Package mailchoice is where readers choose the mails they get beside those
// that belong to what they do.
//
//	GET  /account/mail       the lists, and which of them the reader wants
//	POST /account/mail       keeps the choice
//	GET  /mailchoice/:token  offers to end one list's mails
//	POST /mailchoice/:token  ends them, or has them sent again
//
// The token in a mail stands for reader and list, so that nobody must sign in
// to be left alone. A program that follows the link changes nothing, as mail
// scanners do; a POST does, with or without a cookie, as mail providers send
// it for their readers (RFC 8058).
package mailchoice

import (
	"context"
	"embed"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html stop.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, secret: p.Config.AuthSecret, notice: p.Notice,
		page: reader.New(files, "page.html"), stop: reader.New(files, "stop.html"),
	}
	secret := []string{"AUTH_SECRET"}
	return []web.Route{
		{Method: "GET", Path: "/account/mail", Handle: e.show},
		{Method: "POST", Path: "/account/mail", Handle: e.choose},
		{Method: "GET", Path: "/mailchoice/:token", Access: web.Public, Handle: e.ask, Needs: secret},
		{Method: "POST", Path: "/mailchoice/:token", Access: web.Public, Handle: e.change, Needs: secret},
	}
}

type endpoint struct {
	db         *db.Pool
	secret     config.Secret
	notice     string
	page, stop *reader.Page
}

// list is a list in words.
type list struct {
	Key    account.List
	Name   string
	About  string
	Wanted bool
}

// lists returns all lists there are.
func lists() []list {
	return []list{{
		Key: account.ContentUpdates, Name: "New editions",
		About: "When a module that you own has a new edition: what is new in it, in one mail.",
	}}
}

// view is the page of all lists.
type view struct {
	Email string
	Lists []list
	Saved bool
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	who := access.Of(r.Context())
	all, err := e.of(r.Context(), who.User)
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{
		Title: "Mails", Notice: e.notice, Data: view{Email: who.Email, Lists: all, Saved: r.URL.Query().Has("saved")},
	})
}

// of returns the lists with what a user chose.
func (e endpoint) of(ctx context.Context, user uuid.UUID) ([]list, error) {
	all := lists()
	for i := range all {
		var err error
		if all[i].Wanted, err = account.Wants(ctx, e.db, user, all[i].Key); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (e endpoint) choose(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	user := access.User(r.Context())
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) error {
		for _, l := range lists() {
			if err := account.Choose(r.Context(), tx, user, l.Key, r.PostForm.Has(string(l.Key))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/account/mail?saved")
}
