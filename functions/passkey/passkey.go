// Package passkey lets readers make passkeys and sign in with them, as a
// second way in beside the mailed code.
//
//	GET  /passkeys                      the reader's passkeys
//	POST /passkeys/:passkey             deletes one, after a fresh sign-in
//	GET  /api/passkeys                  the reader's passkeys
//	POST /api/passkeys/options          what a browser needs to make one, after such a sign-in
//	POST /api/passkeys                  keeps the one it made, too
//	POST /api/passkeys/signin/options   what a browser needs to sign in
//	POST /api/passkeys/signin           signs in
//	POST /api/passkeys/confirm/options  what a browser needs to show who is there
//	POST /api/passkeys/confirm          makes the present session a fresh one
//
// Whoever signs in names nobody: the browser offers the passkeys that it has,
// so that there is nothing to ask about an address. Each challenge is for one
// browser and one answer.
package passkey

import (
	"embed"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// home is the page of the passkeys.
const home = "/passkeys"

// The limits leave room for a class behind one address.
var (
	making = web.Limit{
		Name: "passkey", Reader: web.Rate{N: 30, Per: time.Hour}, Address: web.Rate{N: 200, Per: time.Hour}, Total: web.Rate{N: 20_000, Per: time.Hour},
	}
	asking = web.Limit{Name: "passkey-challenge", Address: web.Rate{N: 100, Per: 10 * time.Minute}, Total: web.Rate{N: 100_000, Per: time.Hour}}
	trying = web.Limit{Name: "passkey-signin", Address: web.Rate{N: 100, Per: 10 * time.Minute}, Total: web.Rate{N: 100_000, Per: time.Hour}}
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, gate: access.NewGate(p), log: p.Log, secure: p.Config.Secure(), notice: p.Notice,
		site: relyingParty(p.Config.AuthURL), page: reader.New(files, "page.html"),
	}
	fresh := func(handle web.Handler) web.Handler { return e.sited(confirm.First(p.DB, home, handle)) }
	return []web.Route{
		{Method: "GET", Path: home, Handle: e.show},
		{Method: "POST", Path: "/passkeys/:passkey", Handle: confirm.First(p.DB, home, e.end)},
		{Method: "GET", Path: "/api/passkeys", Handle: e.list},
		{Method: "POST", Path: "/api/passkeys/options", Handle: fresh(e.offer), Limit: making, Needs: []string{"AUTH_URL"}},
		{Method: "POST", Path: "/api/passkeys", Handle: fresh(e.add), Limit: making, Needs: []string{"AUTH_URL"}},
		{Method: "POST", Path: "/api/passkeys/signin/options", Access: web.Public, Handle: e.sited(e.ask), Limit: asking, Needs: []string{"AUTH_URL"}},
		{Method: "POST", Path: "/api/passkeys/signin", Access: web.Public, Handle: e.sited(e.enter), Limit: trying, Needs: []string{"AUTH_URL"}},
		{Method: "POST", Path: "/api/passkeys/confirm/options", Handle: e.sited(e.doubt), Limit: asking, Needs: []string{"AUTH_URL"}},
		{Method: "POST", Path: "/api/passkeys/confirm", Handle: e.sited(e.confirm), Limit: trying, Needs: []string{"AUTH_URL"}},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	log    *slog.Logger
	secure bool
	notice string
	site   *webauthn.WebAuthn // nil where browsers make no passkeys
	page   *reader.Page
}

// sited lets handle run where browsers make passkeys.
func (e endpoint) sited(handle web.Handler) web.Handler {
	if e.site == nil {
		return func(http.ResponseWriter, *http.Request) error { return errNoSite }
	}
	return handle
}
