// Package views shows operators how often pages were opened, as far as browsers
// have told.
//
//	GET /admin/views?kind=&from=&to=&day=&module=&page=   one row per day, page and version, as a page
package views

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

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
	return []web.Route{{Method: "GET", Path: "/admin/views", Access: web.Operator, Handle: e.show}}
}

type endpoint struct {
	db     *db.Pool
	now    func() time.Time
	notice string
	page   *reader.Page
}

// The kinds of views, as browsers tell them.
const (
	previews = "preview-read"
	modules  = "module-viewed"
)

type view struct {
	period.Form
	Kind string
	Page int // from 0
	Rows []row
	Next string
}

// row is what was counted of one page of one version on one day.
type row struct {
	Day     time.Time
	Module  string
	Lesson  string // "" of a module's own page
	Version string
	Events  int
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	v, err := e.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	status := http.StatusBadRequest
	if v.Wrong == nil {
		status = http.StatusOK
		if err := v.fill(r.Context(), e.db, r.URL); err != nil {
			return err
		}
	}
	return e.page.Show(w, r, status, reader.View{Title: "Views", Notice: e.notice, Data: v})
}

// ask reads what an address asks for.
func (e endpoint) ask(ctx context.Context, asked url.Values) (view, error) {
	f, err := period.Read(ctx, e.db, asked, e.now())
	v := view{Form: f, Kind: asked.Get("kind")}
	if v.Kind == "" {
		v.Kind = previews
	}
	if v.Wrong == nil && v.Kind != previews && v.Kind != modules {
		v.Wrong = fault.In("kind", "There are no such views. Choose free lessons or module pages.")
	}
	if page := asked.Get("page"); page != "" && err == nil {
		if v.Page, err = strconv.Atoi(page); err != nil || v.Page < 0 || v.Page > 1e6 {
			return v, fault.New(fault.NotFound, "There is no such page. Begin with the first one.")
		}
	}
	return v, err
}

// fill adds a page of rows. There are at most as many as lessons and days.
func (v *view) fill(ctx context.Context, q db.Querier, asked *url.URL) error {
	rows, err := q.Query(ctx, `
		SELECT day, module_id, lesson_id, version, events
		FROM analytics_daily
		WHERE day >= $1 AND day <= $2 AND ($3 = '' OR module_id = $3) AND kind = $4
		ORDER BY day DESC, events DESC, module_id, lesson_id, version
		OFFSET $5
		LIMIT $6`, v.First, v.Last, v.Module, v.Kind, v.Page*period.Sheet, period.Sheet+1)
	if err != nil {
		return fmt.Errorf("views: %w", err)
	}
	if v.Rows, err = pgx.CollectRows(rows, pgx.RowToStructByPos[row]); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	if len(v.Rows) > period.Sheet {
		v.Rows = v.Rows[:period.Sheet]
		next := asked.Query()
		next.Set("page", strconv.Itoa(v.Page+1))
		v.Next = asked.Path + "?" + next.Encode()
	}
	return nil
}
