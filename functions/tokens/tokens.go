// Package tokens lets authors make and revoke the tokens with which the
// command publishes.
//
//	GET  /tokens         my tokens
//	POST /tokens         makes one and shows it, this once
//	POST /tokens/:token  revokes one
package tokens

import (
	"embed"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// maxName bounds the name of a token, in characters.
const maxName = 60

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, address: p.Config.AuthURL, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/tokens", Access: web.Author, Handle: inPerson(e.list)},
		{Method: "POST", Path: "/tokens", Access: web.Author, Handle: inPerson(e.create)},
		{Method: "POST", Path: "/tokens/:token", Access: web.Author, Handle: inPerson(e.revoke)},
	}
}

type endpoint struct {
	db      *db.Pool
	address string
	notice  string
	page    *reader.Page
}

// inPerson refuses tokens: a leaked one must not make others.
func inPerson(handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if access.Of(r.Context()).Session == uuid.Nil {
			return fault.New(fault.Forbidden, "Tokens are made and revoked in the browser. Please sign in there.")
		}
		return handle(w, r)
	}
}

// view is the page of tokens.
type view struct {
	Tokens  []account.Token
	Secret  string // of the token just made
	Address string
	Name    string // as it was typed
	Text    string // what is wrong with it
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	return e.show(w, r, http.StatusOK, view{})
}

func (e endpoint) create(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	typed := r.PostFormValue("name")
	name := strings.Join(strings.Fields(typed), " ")
	if !nameable(name) {
		return e.show(w, r, http.StatusBadRequest, view{Name: typed, Text: "Please give the token a name of 60 characters at most, such as the computer it is for."})
	}
	secret, err := account.NewToken(r.Context(), e.db, access.User(r.Context()), name)
	if err != nil {
		return err
	}
	return e.show(w, r, http.StatusOK, view{Secret: secret, Address: e.address})
}

func nameable(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

func (e endpoint) revoke(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "token"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such token.")
	}
	if err := account.RevokeToken(r.Context(), e.db, access.User(r.Context()), id); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/tokens")
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request, status int, v view) error {
	var err error
	if v.Tokens, err = account.Tokens(r.Context(), e.db, access.User(r.Context())); err != nil {
		return err
	}
	return e.page.Show(w, r, status, reader.View{Title: "Tokens for publishing", Notice: e.notice, Data: v})
}
