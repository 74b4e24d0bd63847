// Package signin lets people in by a code or link that is mailed to them.
//
//	GET  /signin           asks for an e-mail address
//	POST /signin           has a code mailed
//	GET  /signin/:request  asks for the code; with ?link= it offers a button
//	POST /signin/:request  signs in
//
// Reading a page never uses a code or link up, as mail scanners follow every
// link. The link works in the browser that asked, which a cookie proves; the
// code works anywhere.
package signin

import (
	"embed"
	"log/slog"
	"net/http"
	"time"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed ask.html enter.html
var files embed.FS

// asked names the cookie with the secret of a browser that asked for a code,
// and by which it is known once somebody has signed in: it outlives the code.
const (
	asked     = "signin"
	askedLife = 365 * 24 * time.Hour
)

// What one network may ask leaves room for a class behind one address. Mails
// to one address are counted in PostgreSQL besides, and wrong codes of one
// request, so that no outage of Redis raises either.
var (
	asks    = web.Limit{Name: "signin", Address: web.Rate{N: 100, Per: time.Hour}, Total: web.Rate{N: 20_000, Per: time.Hour}}
	entries = web.Limit{Name: "code", Address: web.Rate{N: 100, Per: 10 * time.Minute}, Total: web.Rate{N: 100_000, Per: time.Hour}}
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, gate: access.NewGate(p), log: p.Log, secret: p.Config.AuthSecret, secure: p.Config.Secure(), notice: p.Notice,
		passkeys: account.PasskeySite(p.Config.AuthURL) != "",
		askPage:  reader.New(files, "ask.html"), enterPage: reader.New(files, "enter.html"),
	}
	return []web.Route{
		{Method: "GET", Path: "/signin", Access: web.Public, Handle: e.form},
		{Method: "POST", Path: "/signin", Access: web.Public, Handle: e.ask, Limit: asks},
		{Method: "GET", Path: "/signin/:request", Access: web.Public, Handle: e.enter},
		{Method: "POST", Path: "/signin/:request", Access: web.Public, Handle: e.redeem, Needs: []string{"AUTH_SECRET"}, Limit: entries},
	}
}

type endpoint struct {
	db        *db.Pool
	gate      access.Gate
	log       *slog.Logger
	secret    config.Secret
	secure    bool
	notice    string
	passkeys  bool
	askPage   *reader.Page
	enterPage *reader.Page
}

// browser returns the secret of the browser, a new one if it has none yet.
func (e endpoint) browser(r *http.Request) string {
	secret := web.CookieValue(r, e.secure, asked)
	if secret == "" {
		secret, _ = account.NewSecret()
	}
	return secret
}

// private keeps a page out of caches, and its address, which may hold a link,
// out of every Referer. (With no-referrer, browsers would send their forms
// with the origin "null", which older ones cannot tell from another site's.)
func private(w http.ResponseWriter) {
	w.Header().Set("Referrer-Policy", "strict-origin")
}
