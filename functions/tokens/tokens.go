// Package tokens lets authors make and revoke the tokens with which the
// command publishes.
//
//	GET  /tokens         my tokens, and once the one just made
//	POST /tokens         makes one, after a fresh sign-in
//	POST /tokens/:token  revokes one
package tokens

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/audit"
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

// made names the cookie that carries a new token to the page that shows it,
// so that a reload makes no second one.
const (
	made     = "token"
	madeLife = time.Minute
)

// home is the page of the tokens.
const home = "/tokens"

// limit leaves room for the computers of one author, and of a class behind one
// address.
var limit = web.Limit{
	Name: "token", Reader: web.Rate{N: 30, Per: time.Hour}, Address: web.Rate{N: 200, Per: time.Hour}, Total: web.Rate{N: 5_000, Per: time.Hour},
}

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, address: p.Config.AuthURL, secure: p.Config.Secure(), notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: home, Access: web.Author, Handle: inPerson(e.list)},
		{Method: "POST", Path: home, Access: web.Author, Handle: inPerson(confirm.First(p.DB, home, e.create)), Limit: limit},
		{Method: "POST", Path: "/tokens/:token", Access: web.Author, Handle: inPerson(e.revoke)},
	}
}

type endpoint struct {
	db      *db.Pool
	address string
	secure  bool
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
	Recent  bool   // signed in a moment ago
	Confirm string
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	secret := web.CookieValue(r, e.secure, made)
	if secret == "" {
		return e.show(w, r, http.StatusOK, view{})
	}
	web.Cookie(w, e.secure, made, "", 0)
	mine, err := account.OwnsToken(r.Context(), e.db, access.User(r.Context()), secret)
	if err != nil {
		return err
	}
	if !mine { // planted, or somebody else's who used this browser
		return e.show(w, r, http.StatusOK, view{})
	}
	return e.show(w, r, http.StatusOK, view{Secret: secret, Address: e.address})
}

func (e endpoint) create(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	typed := r.PostFormValue("name")
	name := strings.Join(strings.Fields(typed), " ")
	if !nameable(name) {
		f := fault.In("name", "Please give the token a name of %d characters at most, such as the computer it is for.", maxName)
		if !web.WantsPage(r) {
			return f
		}
		return e.show(w, r, http.StatusBadRequest, view{Name: typed, Text: f.Text})
	}
	user, secret := access.User(r.Context()), ""
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) (err error) {
		var id uuid.UUID
		if id, secret, err = account.NewToken(r.Context(), tx, user, name); err != nil {
			return err
		}
		return record(r.Context(), tx, user, "token made", id)
	})
	if err != nil {
		return err
	}
	web.Cookie(w, e.secure, made, secret, madeLife)
	return web.SeeOther(w, r, home)
}

func nameable(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

func (e endpoint) revoke(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "token"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such token. The list of your tokens shows those that there are.")
	}
	user := access.User(r.Context())
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error {
		if err := account.RevokeToken(r.Context(), tx, user, id); err != nil {
			return err
		}
		return record(r.Context(), tx, user, "token revoked", id)
	})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, home)
}

// record notes what somebody did with a token of their own.
func record(ctx context.Context, tx pgx.Tx, user uuid.UUID, action string, token uuid.UUID) error {
	return audit.Write(ctx, tx, audit.Entry{Actor: user, Action: action, Subject: audit.User(user), Detail: map[string]any{"token": token}})
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request, status int, v view) error {
	var err error
	if v.Tokens, err = account.Tokens(r.Context(), e.db, access.User(r.Context())); err != nil {
		return err
	}
	if v.Recent, err = confirm.Recent(r.Context(), e.db); err != nil {
		return err
	}
	v.Confirm = confirm.Page(home)
	return e.page.Show(w, r, status, reader.View{Title: "Tokens for publishing", Notice: e.notice, Data: v})
}
