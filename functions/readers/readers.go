// Package readers shows operators who was reading.
//
//	GET /admin/readers?from=&to=&day=&module=&after=   readers, the latest first, as a page
//
// Somebody was reading on a day of which a device of theirs has told that they
// opened, read or finished a lesson.
package readers

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
	return []web.Route{{Method: "GET", Path: "/admin/readers", Access: web.Operator, Handle: e.show}}
}

type endpoint struct {
	db     *db.Pool
	now    func() time.Time
	notice string
	page   *reader.Page
}

type view struct {
	period.Form
	Readers []active
	Next    string
}

// active is somebody with what their devices told of the days.
type active struct {
	ID          uuid.UUID
	Email       string
	Events      int
	First, Last time.Time
}

func (a active) place() period.Place { return period.Place{At: a.Last, ID: a.ID} }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	f, err := period.Read(r.Context(), e.db, r.URL.Query(), e.now())
	if err != nil {
		return err
	}
	v, status := view{Form: f}, http.StatusBadRequest
	if v.Wrong == nil {
		status = http.StatusOK
		found, err := readers(r.Context(), e.db, f)
		if err != nil {
			return err
		}
		v.Readers, v.Next = period.Pager(r.URL, found, active.place)
	}
	return e.page.Show(w, r, status, reader.View{Title: "Readers", Notice: e.notice, Data: v})
}

// readers returns a page of readers and one more.
func readers(ctx context.Context, q db.Querier, f period.Form) ([]active, error) {
	rows, err := q.Query(ctx, `
		SELECT u.id, u.email, a.events, a.first, a.last
		FROM (
			SELECT user_id, count(*) AS events, min(at) AS first, max(at) AS last
			FROM study_events
			WHERE `+period.Active+`
			GROUP BY user_id
			HAVING (max(at), user_id) < ($4, $5)
			ORDER BY max(at) DESC, user_id DESC
			LIMIT $6) a
		JOIN users u ON u.id = a.user_id
		ORDER BY a.last DESC, a.user_id DESC`, append(f.Args(), f.After.At, f.After.ID, period.Sheet+1)...)
	if err != nil {
		return nil, fmt.Errorf("readers: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[active])
	if err != nil {
		return nil, fmt.Errorf("readers: %w", err)
	}
	return found, nil
}
