// Package lessons shows operators which lessons readers finished, and which
// they left.
//
//	GET /admin/lessons?show=&lesson=&from=&to=&day=&module=&after=   one row per reader and lesson, the latest first, as a page
//
// A lesson is finished on the day its reader says so first. It is left on the
// day on which a reader was in it last who has not finished it.
package lessons

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/period"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, now: p.Now, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{{Method: "GET", Path: "/admin/lessons", Access: web.Operator, Handle: e.show}}
}

type endpoint struct {
	db     *db.Pool
	now    func() time.Time
	notice string
	page   *reader.Page
}

// What can be asked for.
const (
	finished = "finished"
	left     = "left"
)

type view struct {
	period.Form
	Show   string
	Lesson string // its id; "" is all
	Rows   []row
	Next   string
}

// row is a lesson of one reader.
type row struct {
	ID     uuid.UUID
	At     time.Time // it was finished or left
	Lesson string
	Title  string
	User   uuid.UUID
	Email  string
}

func (r row) place() period.Place { return period.Place{At: r.At, ID: r.ID} }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	v, err := e.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	status := http.StatusBadRequest
	if v.Wrong == nil {
		status = http.StatusOK
		found, err := v.rows(r.Context(), e.db)
		if err != nil {
			return err
		}
		v.Rows, v.Next = period.Pager(r.URL, found, row.place)
	}
	return e.page.Show(w, r, status, reader.View{Title: "Lessons", Notice: e.notice, Data: v})
}

// ask reads what an address asks for.
func (e endpoint) ask(ctx context.Context, asked url.Values) (view, error) {
	f, err := period.Read(ctx, e.db, asked, e.now())
	v := view{Form: f, Show: asked.Get("show"), Lesson: strings.TrimSpace(asked.Get("lesson"))}
	if v.Show == "" {
		v.Show = finished
	}
	switch {
	case err != nil, v.Wrong != nil:
	case v.Show != finished && v.Show != left:
		v.Wrong = fault.In("show", "Choose lessons that were finished, or lessons that were left.")
	case !utf8.ValidString(v.Lesson) || strings.ContainsRune(v.Lesson, 0):
		v.Wrong = fault.In("lesson", "There is no such lesson. Enter its id as its address has it, or nothing for all.")
	}
	return v, err
}

// rows returns a page of rows and one more.
func (v view) rows(ctx context.Context, q db.Querier) ([]row, error) {
	when, within := `completed_at`, period.Finished
	if v.Show == left {
		when, within = `last_access`, period.Left
	}
	rows, err := q.Query(ctx, `
		SELECT r.id, r.at, r.lesson_id, `+period.Title+`, u.id, u.email
		FROM (
			SELECT id, `+when+` AS at, lesson_id, user_id
			FROM studied
			WHERE `+within+` AND ($4 = '' OR lesson_id = $4) AND (`+when+`, id) < ($5, $6)
			ORDER BY `+when+` DESC, id DESC
			LIMIT $7) r
		JOIN users u ON u.id = r.user_id
		ORDER BY r.at DESC, r.id DESC`, append(v.Args(), v.Lesson, v.After.At, v.After.ID, period.Sheet+1)...)
	if err != nil {
		return nil, fmt.Errorf("lessons %s: %w", v.Show, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, fmt.Errorf("lessons %s: %w", v.Show, err)
	}
	return found, nil
}
