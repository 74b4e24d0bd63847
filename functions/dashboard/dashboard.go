// Package dashboard shows operators how the handbook does: today, and the days
// before.
//
//	GET /admin?days=7|30|90&module=   sales, reading, the way to a purchase, and jobs, as a page
//
// Each number is counted here, and leads to the page with the rows that it
// counts. The element that holds it says so to whoever checks: data-count is
// how many rows (data-row) there are, data-sum what their data-amount comes to.
package dashboard

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

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
	return []web.Route{{Method: "GET", Path: "/admin", Access: web.Operator, Handle: e.show}}
}

type endpoint struct {
	db     *db.Pool
	now    func() time.Time
	notice string
	page   *reader.Page
}

// view is what the page shows.
type view struct {
	Now     time.Time
	Period  period.Period
	Ranges  []choice // of days
	Modules []choice
	Titles  map[string]string // of modules, by key
	Books   []book            // one for each currency
	Reading reading
	Funnel  []step
	Jobs    jobs
	Tasks   []task
}

// choice is a link to the same page about something else.
type choice struct {
	Text, Link string
	Chosen     bool
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	v, err := e.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	err = e.db.Together(r.Context(), func(ctx context.Context, q db.Querier) error { return v.fill(ctx, q) })
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "Today", Notice: e.notice, Data: v})
}

// ask reads which days and module an address asks for.
func (e endpoint) ask(ctx context.Context, asked url.Values) (view, error) {
	days, module := asked.Get("days"), asked.Get("module")
	if days == "" {
		days = strconv.Itoa(period.Default)
	}
	ranges := []string{"7", "30", "90"}
	if !slices.Contains(ranges, days) {
		return view{}, fault.In("days", "There are figures of the last 7, 30 or 90 days: go to /admin, and choose there.")
	}
	f, err := period.Read(ctx, e.db, url.Values{"module": {module}}, e.now())
	if err != nil {
		return view{}, err
	}
	if f.Wrong != nil {
		return view{}, f.Wrong
	}
	n, _ := strconv.Atoi(days) // one of ranges
	v := view{Now: e.now().UTC(), Period: period.Recent(n, e.now()).Of(module), Titles: map[string]string{}}
	for _, d := range ranges {
		v.Ranges = append(v.Ranges, choice{d + " days", self(d, module), d == days})
	}
	v.Modules = []choice{{"All modules", self(days, ""), module == ""}}
	for _, m := range f.Modules {
		v.Titles[m.Key] = m.Title
		v.Modules = append(v.Modules, choice{m.Title, self(days, m.Key), m.Key == module})
	}
	return v, nil
}

// self is the address of this page.
func self(days, module string) string {
	q := url.Values{"days": {days}}
	if module != "" {
		q.Set("module", module)
	}
	return "/admin?" + q.Encode()
}

// fill asks for all figures.
func (v *view) fill(ctx context.Context, q db.Querier) error {
	for _, ask := range []func(context.Context, db.Querier) error{v.askSales, v.askReading, v.askFunnel, v.askJobs} {
		if err := ask(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// today is the day of now, and before the same day of the week before.
func (v *view) today() period.Period  { return v.Period.On(v.Period.Last) }
func (v *view) before() period.Period { return v.Period.On(v.Period.Last.AddDate(0, 0, -7)) }

// reach is all days of which figures are shown.
func (v *view) reach() period.Period {
	p := v.Period
	if b := v.before().First; b.Before(p.First) {
		p.First = b
	}
	return p
}

// number is a number with the rows behind it.
type number struct {
	Value int
	Text  string // as it is shown
	Sum   bool   // of what the rows amount to; else it counts them
	Link  string // to them
}

// count counts the rows of a page.
func count(n int, link string) number { return number{n, strconv.Itoa(n), false, link} }

// money is the sum of the rows of a page, in cents.
func money(cents int, currency, link string) number {
	return number{cents, reader.Money(cents, currency), true, link}
}
