// Package session tells a browser who is signed in, and signs out.
//
//	GET    /api/session  who this is and what may be read; null is nobody
//	DELETE /api/session  signs out
//	POST   /signout      signs out, as a form
package session

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), secure: p.Config.Secure()}
	return []web.Route{
		{Method: "GET", Path: "/api/session", Access: web.Public, Handle: e.show},
		{Method: "DELETE", Path: "/api/session", Handle: e.end},
		{Method: "POST", Path: "/signout", Handle: e.signOut},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	secure bool
}

// session is what scripts learn about the reader.
type session struct {
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Modules []string `json:"modules"`
	Roles   []string `json:"roles"`
}

// show asks again where the host let a visitor pass: with a session that
// cannot be looked up just now, nobody is told that they are signed out.
func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	who := access.Of(r.Context())
	if who == nil {
		var err error
		if who, err = e.gate.Identify(r); err != nil {
			return err
		}
	}
	if who == nil || who.Session == uuid.Nil { // a token is nobody's browser
		return web.JSON(w, http.StatusOK, nil)
	}
	return web.JSON(w, http.StatusOK, session{
		Name: who.Name, Email: who.Email, Modules: append([]string{}, who.Opens...), Roles: append([]string{}, who.Roles...),
	})
}

func (e endpoint) end(w http.ResponseWriter, r *http.Request) error {
	if err := e.leave(r.Context()); err != nil {
		return err
	}
	web.Cookie(w, e.secure, account.SessionCookie, "", 0)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (e endpoint) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := e.leave(r.Context()); err != nil {
		return err
	}
	web.Cookie(w, e.secure, account.SessionCookie, "", 0)
	return web.SeeOther(w, r, "/")
}

// leave ends the session. That it ended a moment ago, by another click or
// device, is just as well.
func (e endpoint) leave(ctx context.Context) error {
	who := access.Of(ctx)
	hash, err := account.End(ctx, e.db, who.User, who.Session)
	if fault.Is(err, fault.NotFound) {
		e.gate.Forget(ctx, who.User)
		return nil
	}
	if err != nil {
		return err
	}
	e.gate.ForgetSession(ctx, who.User, hash)
	return nil
}
