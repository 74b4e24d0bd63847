// Package redeem lets a reader redeem the code of a gift.
//
//	GET  /redeem   the form
//	POST /redeem   redeems a code; as JSON: {"module": "..."}
//
// A code may be typed with spaces, hyphens or none, in any case. One's own may
// be redeemed too: it is paid for. Who redeems one again hears what it did.
package redeem

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase/gift"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// limit leaves room for a code that is hard to read, and none for guessing.
var limit = web.Limit{
	Name: "redeem", Reader: web.Rate{N: 20, Per: time.Hour}, Address: web.Rate{N: 60, Per: time.Hour}, Total: web.Rate{N: 5_000, Per: time.Hour},
}

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, gate: access.NewGate(p), secret: p.Config.AuthSecret.Reveal(), notice: p.Notice, page: reader.New(files, "page.html"),
	}
	return []web.Route{
		{Method: "GET", Path: "/redeem", Handle: e.show},
		{Method: "POST", Path: "/redeem", Handle: e.redeem, Needs: []string{"AUTH_SECRET"}, Limit: limit},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	secret string
	notice string
	page   *reader.Page
}

// view is what the page shows.
type view struct {
	Title string // of the module that was opened just now
	Opens []open // what it opened
	Code  string // as it was typed
	Text  string // why it did not work
	Again *used  // what it did when this reader redeemed it before
}

// open is a module that can be read now.
type open struct{ Key, Title string }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	v := view{}
	if module := r.URL.Query().Get("opened"); module != "" {
		var err error
		if v, err = given(r.Context(), e.db, access.User(r.Context()), module); err != nil {
			return err
		}
	}
	return e.answer(w, r, http.StatusOK, v)
}

func (e endpoint) redeem(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	user, code := access.User(r.Context()), r.PostFormValue("code")
	var module string
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) (err error) {
		module, err = gift.Redeem(r.Context(), tx, user, e.secret, code)
		return err
	})
	if err != nil {
		return e.refuse(w, r, code, err)
	}
	e.gate.Forget(r.Context(), user)
	if web.WantsPage(r) {
		return web.SeeOther(w, r, "/redeem?opened="+url.QueryEscape(module))
	}
	return web.JSON(w, http.StatusOK, map[string]string{"module": module})
}

// refuse tells why a code opened nothing. That this reader has redeemed it
// before is no error.
func (e endpoint) refuse(w http.ResponseWriter, r *http.Request, code string, refused error) error {
	f := fault.Of(refused)
	if f.Kind == fault.Conflict {
		again, err := e.before(r.Context(), access.User(r.Context()), code)
		switch {
		case err != nil:
			return err
		case again != nil && web.WantsPage(r):
			return e.answer(w, r, http.StatusOK, view{Again: again})
		case again != nil:
			return web.JSON(w, http.StatusOK, map[string]string{"module": again.Key})
		}
	}
	if f.Field == "code" && web.WantsPage(r) {
		return e.answer(w, r, web.Status(f.Kind), view{Code: code, Text: f.Text})
	}
	return refused
}

func (e endpoint) answer(w http.ResponseWriter, r *http.Request, status int, v view) error {
	title := "Redeem a gift"
	if v.Title != "" {
		title = v.Title + " is yours"
	}
	return e.page.Show(w, r, status, reader.View{Title: title, Notice: e.notice, Data: v})
}

// given returns what a gift of this module has opened to a user, nothing if
// they were given none.
func given(ctx context.Context, q db.Querier, user uuid.UUID, module string) (view, error) {
	var v view
	err := q.QueryRow(ctx, `
		SELECT m.title, (
			SELECT jsonb_agg(jsonb_build_object('Key', o.key, 'Title', o.title) ORDER BY o.key)
			FROM opened_by(m.key) b
			JOIN modules o ON o.key = b AND o.includes = '{}')
		FROM modules m
		WHERE m.key = $2 AND EXISTS (
			SELECT FROM grants
			WHERE user_id = $1 AND module_key = m.key AND gift_id IS NOT NULL AND revoked_at IS NULL)`, user, module).Scan(&v.Title, &v.Opens)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return v, fmt.Errorf("what a gift of %q gave to %s: %w", module, user, err)
	}
	return v, nil
}
