// Package grants is where operators open modules to somebody, and close what
// was opened so.
//
//	GET  /admin/people/:person/grants          what is and was open, with the forms
//	POST /admin/people/:person/grants          opens a module, for a time or without end
//	POST /admin/people/:person/grants/:grant   closes what an operator opened
//
// What was bought is not closed here: its payment is given back, and what
// Stripe tells of that closes it; a free order is taken back in the same place.
package grants

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), now: p.Now, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/admin/people/:person/grants", Access: web.Operator, Handle: e.show},
		{Method: "POST", Path: "/admin/people/:person/grants", Access: web.Operator, Handle: confirm.First(p.DB, "/admin/people", e.give)},
		{Method: "POST", Path: "/admin/people/:person/grants/:grant", Access: web.Operator, Handle: confirm.First(p.DB, "/admin/people", e.revoke)},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	now    func() time.Time
	notice string
	page   *reader.Page
}

// view is the page, with its forms as they were typed.
type view struct {
	Person      uuid.UUID
	Email, Name string
	Grants      []grant
	Modules     []module
	Recent      bool // signed in a moment ago
	Confirm     string
	Saved       string // what was just done

	Module, Reason, Until string
	Revoking              string // the grant that was to be closed
	RevokeReason          string

	web.Mistake
}

// module is something that can be opened.
type module struct{ Key, Title string }

// grant is one that somebody has or had.
type grant struct {
	ID           uuid.UUID
	Title        string
	How          string     // given, bought or gift
	Sale         *uuid.UUID // that paid for it, nil if none did
	Reason       string
	Since        time.Time
	Until        *time.Time
	Revoked      *time.Time
	RevokeReason string
	Open         bool
	Free         bool // nothing was paid for it
}

// Last returns the last day of a grant that ends.
func (g grant) Last() string { return g.Until.UTC().Add(-time.Second).Format("2 January 2006") }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, func(v *view) { v.Saved = r.URL.Query().Get("saved") }, nil)
}

// answer shows the page. change sets what was typed; refused tells what is
// wrong with it.
func (e endpoint) answer(w http.ResponseWriter, r *http.Request, change func(*view), refused error) error {
	var v view
	status, err := v.Refuse(r, refused)
	if err != nil {
		return err
	}
	if err := e.read(r, &v); err != nil {
		return err
	}
	change(&v)
	return e.page.Show(w, r, status, reader.View{Title: "What is open to " + v.Email, Notice: e.notice, Data: v})
}

func (e endpoint) read(r *http.Request, v *view) (err error) {
	ctx := r.Context()
	if v.Person, err = account.Person(web.Param(r, "person")); err != nil {
		return err
	}
	v.Email, v.Name, err = account.Address(ctx, e.db, v.Person)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.Nobody()
	}
	if err != nil {
		return err
	}
	v.Confirm = confirm.Page(path(v.Person))
	if v.Recent, err = confirm.Recent(ctx, e.db); err != nil {
		return err
	}
	if v.Modules, err = modules(ctx, e.db); err != nil {
		return err
	}
	v.Grants, err = of(ctx, e.db, v.Person)
	return err
}

func path(person uuid.UUID) string { return "/admin/people/" + person.String() + "/grants" }

func modules(ctx context.Context, q db.Querier) ([]module, error) {
	rows, err := q.Query(ctx, `
		SELECT key, title
		FROM modules
		ORDER BY title`)
	if err != nil {
		return nil, fmt.Errorf("modules: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[module])
}

// of returns all grants of somebody, those that are open first.
func of(ctx context.Context, q db.Querier, user uuid.UUID) ([]grant, error) {
	rows, err := q.Query(ctx, `
		SELECT g.id, m.title, CASE WHEN g.purchase_id IS NOT NULL THEN 'bought' WHEN g.gift_id IS NOT NULL THEN 'gift' ELSE 'given' END,
		       coalesce(g.purchase_id, p.id, l.id), g.reason, g.created_at, g.expires_at, g.revoked_at, g.revoke_reason,
		       g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now()) AS open,
		       coalesce(b.amount, p.amount, l.amount) IS NOT DISTINCT FROM 0
		FROM grants g
		JOIN modules m ON m.key = g.module_key
		LEFT JOIN purchases b ON b.id = g.purchase_id
		LEFT JOIN gifts f ON f.id = g.gift_id
		LEFT JOIN purchases p ON p.stripe_payment_id = f.stripe_payment_id
		LEFT JOIN ledger l ON l.stripe_payment_id = f.stripe_payment_id AND l.kind = 'sale'
		WHERE g.user_id = $1
		ORDER BY open DESC, g.created_at DESC, g.id`, user)
	if err != nil {
		return nil, fmt.Errorf("grants of %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[grant])
}
