// Package checkouts shows operators who went to pay.
//
//	GET /admin/checkouts?from=&to=&day=&module=&after=   checkouts, the latest first, as a page
package checkouts

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/period"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, now: p.Now, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{{Method: "GET", Path: "/admin/checkouts", Access: web.Operator, Handle: e.show}}
}

type endpoint struct {
	db     *db.Pool
	now    func() time.Time
	notice string
	page   *reader.Page
}

type view struct {
	period.Form
	Checkouts []checkout
	Next      string
}

type checkout struct {
	ID       uuid.UUID
	At       time.Time
	Title    string
	Gift     bool
	Amount   int // in cents
	Currency string
	State    string
	User     *uuid.UUID // nil once the account is deleted
	Email    string
}

func (c checkout) place() period.Place { return period.Place{At: c.At, ID: c.ID} }

// Stands says what became of it.
func (c checkout) Stands() string {
	return map[string]string{"open": "Not paid yet", "complete": "Ordered", "expired": "Not paid"}[c.State]
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	f, err := period.Read(r.Context(), e.db, r.URL.Query(), e.now())
	if err != nil {
		return err
	}
	v, status := view{Form: f}, http.StatusBadRequest
	if v.Wrong == nil {
		status = http.StatusOK
		found, err := begun(r.Context(), e.db, f)
		if err != nil {
			return err
		}
		v.Checkouts, v.Next = period.Pager(r.URL, found, checkout.place)
	}
	return e.page.Show(w, r, status, reader.View{Title: "Checkouts", Notice: e.notice, Data: v})
}

// begun returns a page of checkouts and one more.
func begun(ctx context.Context, q db.Querier, f period.Form) ([]checkout, error) {
	rows, err := q.Query(ctx, `
		SELECT c.id, c.created_at, m.title, c.gift, c.amount, c.currency, c.state, u.id, coalesce(u.email, '')
		FROM (
			SELECT id, created_at, module_type, gift, amount, currency, state, user_id
			FROM checkouts
			WHERE `+period.Begun+` AND (created_at, id) < ($4, $5)
			ORDER BY created_at DESC, id DESC
			LIMIT $6) c
		JOIN modules m ON m.key = c.module_type
		LEFT JOIN users u ON u.id = c.user_id
		ORDER BY c.created_at DESC, c.id DESC`, append(f.Args(), f.After.At, f.After.ID, period.Sheet+1)...)
	if err != nil {
		return nil, fmt.Errorf("checkouts: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[checkout])
	if err != nil {
		return nil, fmt.Errorf("checkouts: %w", err)
	}
	return found, nil
}
