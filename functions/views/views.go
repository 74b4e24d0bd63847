// Package views shows operators how often pages were opened, and what else
// browsers have told of, by people who were signed in and by others.
//
//	GET /admin/views?kind=&from=&to=&day=&module=&page=   one row per day, page and version, as a page
package views

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/analytics"
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

// kind is what browsers tell of, in words.
type kind struct {
	Kind analytics.Kind
	Name string
}

// kinds are all that there are, on the way that a reader goes.
func kinds() []kind {
	return []kind{
		{analytics.PreviewRead, "Free lessons read"},
		{analytics.CatalogViewed, "Catalogue viewed"},
		{analytics.SearchUsed, "Searches made"},
		{analytics.ModuleViewed, "Module pages viewed"},
		{analytics.CheckoutStarted, "Checkouts asked for"},
		{analytics.PurchaseReturned, "Came back from paying"},
		{analytics.LessonRead, "Lessons read"},
		{analytics.LessonFinished, "Lessons finished"},
	}
}

type view struct {
	period.Form
	Kind analytics.Kind
	Page int // from 0
	Rows []row
	Next string
}

// row is what was counted of one page of one version on one day.
type row struct {
	Day     time.Time
	Module  string
	Lesson  string // "" where it is about none; so are module and version
	Version string
	Events  int
	Nobody  int // of the events, by who was not signed in
	People  int // who were, each once
}

// Kinds are those that can be chosen.
func (view) Kinds() []kind { return kinds() }

// Name is what is shown.
func (v view) Name() string {
	if i := slices.IndexFunc(kinds(), func(k kind) bool { return k.Kind == v.Kind }); i >= 0 {
		return kinds()[i].Name
	}
	return "Views"
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
	v := view{Form: f, Kind: analytics.Kind(cmp.Or(asked.Get("kind"), string(analytics.PreviewRead)))}
	if v.Wrong == nil && !slices.ContainsFunc(kinds(), func(k kind) bool { return k.Kind == v.Kind }) {
		v.Wrong = fault.In("kind", "There are no such views. Choose one of the list.")
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
		SELECT day, module_id, lesson_id, version, events, anonymous, people
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
