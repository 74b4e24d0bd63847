// Package account is where readers look after their account.
//
//	GET  /account                what is kept, and where to change it
//	POST /account                changes the name
//	POST /account/email          has a code mailed to a new address
//	GET  /account/email/:change  asks for that code
//	POST /account/email/:change  makes the change, and signs out everywhere
//	POST /account/delete         deletes the account
//	POST /account/passkey        has passkeys offered no more
//	GET  /account/confirm        asks for a fresh sign-in
package account

import (
	"embed"
	"log/slog"
	"net/http"
	"time"

	"pilothandbook/handbook/access"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html email.html confirm.html
var files embed.FS

// home is the page that the forms stand on.
const home = "/account"

// The limits leave room for slips of the finger, and for a class behind one
// address. Mails to one address are counted in PostgreSQL besides, and wrong
// codes of one change. Deletions are not counted by account, as that would
// leave its id in Redis for another hour.
var (
	moving = web.Limit{
		Name: "address", Reader: web.Rate{N: 30, Per: time.Hour}, Address: web.Rate{N: 200, Per: time.Hour}, Total: web.Rate{N: 20_000, Per: time.Hour},
	}
	proving = web.Limit{
		Name: "address-code", Reader: web.Rate{N: 60, Per: time.Hour}, Address: web.Rate{N: 600, Per: time.Hour}, Total: web.Rate{N: 100_000, Per: time.Hour},
	}
	leaving = web.Limit{
		Name: "delete-account", Address: web.Rate{N: 100, Per: time.Hour}, Total: web.Rate{N: 20_000, Per: time.Hour},
	}
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, gate: access.NewGate(p), cache: p.Cache, log: p.Log,
		secret: p.Config.AuthSecret, admins: p.Config.Admins(), secure: p.Config.Secure(), notice: p.Notice, passkeys: accounts.PasskeySite(p.Config.AuthURL) != "",
		page: reader.New(files, "page.html"), email: reader.New(files, "email.html"), confirm: reader.New(files, "confirm.html"),
	}
	secret := []string{"AUTH_SECRET"}
	return []web.Route{
		{Method: "GET", Path: "/account", Handle: e.show},
		{Method: "POST", Path: "/account", Handle: e.rename},
		{Method: "POST", Path: "/account/email", Handle: confirm.First(p.DB, home, e.askChange), Limit: moving},
		{Method: "GET", Path: "/account/email/:change", Handle: e.showChange},
		{Method: "POST", Path: "/account/email/:change", Handle: e.change, Needs: secret, Limit: proving},
		{Method: "POST", Path: "/account/delete", Handle: confirm.First(p.DB, home, e.remove), Limit: leaving},
		{Method: "POST", Path: "/account/passkey", Handle: e.decline},
		{Method: "GET", Path: confirm.Path, Handle: e.ask},
	}
}

type endpoint struct {
	db                   *db.Pool
	gate                 access.Gate
	cache                *cache.Cache
	log                  *slog.Logger
	secret               config.Secret
	admins               []string
	secure               bool
	notice               string
	passkeys             bool // browsers make them for this site
	page, email, confirm *reader.Page
}

// settings is the page, with its forms as they were typed.
type settings struct {
	Name, Email string
	Author      bool
	Staff       bool // author or operator
	Operator    bool
	Recent      bool // signed in a moment ago
	Confirm     string
	Offer       bool // of a passkey, to be made here
	Mention     bool // of passkeys, which are made after a fresh sign-in
	Renamed     bool
	NewEmail    string
	Typed       string // to confirm the deletion

	web.Mistake
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, func(s *settings) { s.Renamed = r.URL.Query().Get("saved") == "name" }, nil)
}

// answer shows the page. change sets what was typed; refused tells what is
// wrong with it.
func (e endpoint) answer(w http.ResponseWriter, r *http.Request, change func(*settings), refused error) error {
	who := access.Of(r.Context())
	s := settings{Name: who.Name, Email: who.Email, Author: who.Can("author"), Staff: who.Staff(), Operator: who.Can("operator"), Confirm: confirm.Page(home)}
	status, err := s.Refuse(r, refused)
	if err != nil {
		return err
	}
	if s.Recent, err = confirm.Recent(r.Context(), e.db); err != nil {
		return err
	}
	k, err := e.keysOf(r.Context(), who.User)
	if err != nil {
		return err
	}
	s.Offer, s.Mention = k.Offer && s.Recent, k.Offer && !s.Recent // then none could be made here
	change(&s)
	return e.page.Show(w, r, status, reader.View{Title: "Account", Notice: e.notice, Data: s})
}

// asking is the page that asks for a fresh sign-in.
type asking struct {
	Email, Next string
	Passkey     bool // the reader has one
}

func (e endpoint) ask(w http.ResponseWriter, r *http.Request) error {
	next := web.LocalPath(r.URL.Query().Get("next"))
	recent, err := confirm.Recent(r.Context(), e.db)
	if err != nil {
		return err
	}
	if recent {
		return web.SeeOther(w, r, next)
	}
	who := access.Of(r.Context())
	k, err := e.keysOf(r.Context(), who.User)
	if err != nil {
		return err
	}
	return e.confirm.Show(w, r, http.StatusOK, reader.View{
		Title: "Show that it is you", Notice: e.notice, Data: asking{Email: who.Email, Next: next, Passkey: k.Some},
	})
}
