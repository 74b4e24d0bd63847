// Package sales shows operators the lines of the books, one by one.
//
//	GET /admin/sales?from=&to=&day=&module=&kind=&currency=&after=   lines, the latest first, as a page
//	GET /admin/sales.csv?from=&to=&day=&module=&kind=&currency=      all of them as a spreadsheet
//
// A line is a sale or a lost dispute, on the day it happened, or all that was
// refunded of a payment, on the day of the latest of it. What went back counts
// below zero, so that the sum of all lines is what was kept.
package sales

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"time"

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
	return []web.Route{
		{Method: "GET", Path: "/admin/sales", Access: web.Operator, Handle: e.show},
		{Method: "GET", Path: "/admin/sales.csv", Access: web.Operator, Handle: e.export},
	}
}

type endpoint struct {
	db     *db.Pool
	now    func() time.Time
	notice string
	page   *reader.Page
}

// The kinds of lines that can be asked for.
const (
	all  = ""
	sold = "sale"
	back = "back" // refunds and lost disputes
)

// view is a page of lines, with what was asked for.
type view struct {
	period.Form
	Kind, Currency string
	Sums           []sum // of all lines, by currency
	Lines          []line
	Next           string // the address of the next page
	CSV            string
}

// sum is what lines come to.
type sum struct {
	Currency          string
	Orders            int
	Taken, Back, Kept int // in cents
}

// line is a line of the books with what a page needs beside it.
type line struct {
	ID       uuid.UUID
	At       time.Time
	Kind     string
	Module   string
	Title    string
	Amount   int // in cents, below zero for what went back
	Currency string
	Discount int
	Tax      int
	Payment  string
	Order    uuid.UUID  // by which its refund is found
	User     *uuid.UUID // nil once the account is deleted
	Email    string
}

// What says what happened.
func (l line) What() string {
	switch {
	case l.Kind == sold && l.Amount == 0:
		return "Free order"
	case l.Kind == sold:
		return "Sale"
	case l.Kind == "refund":
		return "Refund"
	}
	return "Lost dispute"
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	v, err := e.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	status := http.StatusBadRequest
	if v.Wrong == nil {
		status = http.StatusOK
		if err := e.fill(r.Context(), r.URL, &v); err != nil {
			return err
		}
	}
	return e.page.Show(w, r, status, reader.View{Title: "Sales", Notice: e.notice, Data: v})
}

// ask reads what an address asks for.
func (e endpoint) ask(ctx context.Context, asked url.Values) (view, error) {
	f, err := period.Read(ctx, e.db, asked, e.now())
	v := view{Form: f, Kind: asked.Get("kind"), Currency: asked.Get("currency")}
	switch {
	case err != nil, v.Wrong != nil:
	case v.Kind != all && v.Kind != sold && v.Kind != back:
		v.Wrong = fault.In("kind", "There are no such lines. Choose sales, or what went back.")
	case v.Currency != "" && !currency(v.Currency):
		v.Wrong = fault.In("currency", "A currency has three small letters, such as usd.")
	}
	return v, err
}

func currency(s string) bool {
	for _, c := range s {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return len(s) == 3
}

// fill adds the sums and a page of lines.
func (e endpoint) fill(ctx context.Context, asked *url.URL, v *view) error {
	rows, err := e.db.Query(ctx, `
		SELECT currency, count(*) FILTER (WHERE kind = 'sale'), coalesce(sum(amount) FILTER (WHERE kind = 'sale'), 0),
		       coalesce(sum(amount) FILTER (WHERE kind <> 'sale'), 0), sum(CASE kind WHEN 'sale' THEN amount ELSE -amount END)
		FROM ledger
		WHERE `+within+`
		GROUP BY currency
		ORDER BY currency`, v.args()...)
	if err != nil {
		return fmt.Errorf("sums of the books: %w", err)
	}
	if v.Sums, err = pgx.CollectRows(rows, pgx.RowToStructByPos[sum]); err != nil {
		return fmt.Errorf("sums of the books: %w", err)
	}
	found, err := lines(ctx, e.db, *v, period.Sheet+1)
	if err != nil {
		return err
	}
	v.Lines, v.Next = period.Pager(asked, found, line.place)
	v.CSV = v.Link("/admin/sales.csv", "kind", v.Kind, "currency", v.Currency)
	return nil
}

func (l line) place() period.Place { return period.Place{At: l.At, ID: l.ID} }

// within chooses the lines that a view asks for, by its args.
const within = period.Sold + ` AND ($4 = '' OR ($4 = 'sale') = (kind = 'sale')) AND ($5 = '' OR currency = $5)`

func (v view) args() []any { return append(v.Args(), v.Kind, v.Currency) }

// lines returns lines after a place, the latest first.
func lines(ctx context.Context, q db.Querier, v view, limit int) ([]line, error) {
	rows, err := q.Query(ctx, `
		SELECT l.id, l.at, l.kind, l.module_type, coalesce(m.title, l.module_type), CASE l.kind WHEN 'sale' THEN l.amount ELSE -l.amount END,
		       l.currency, l.discount, l.tax, l.stripe_payment_id, coalesce(p.id, s.id, l.id), u.id, coalesce(u.email, '')
		FROM (
			SELECT id, at, kind, module_type, amount, currency, discount, tax, stripe_payment_id
			FROM ledger
			WHERE `+within+` AND (at, id) < ($6, $7)
			ORDER BY at DESC, id DESC
			LIMIT $8) l
		LEFT JOIN modules m ON m.key = l.module_type
		LEFT JOIN purchases p ON p.stripe_payment_id = l.stripe_payment_id
		LEFT JOIN users u ON u.id = p.user_id
		LEFT JOIN ledger s ON s.stripe_payment_id = l.stripe_payment_id AND s.kind = 'sale'
		ORDER BY l.at DESC, l.id DESC`, append(v.args(), v.After.At, v.After.ID, limit)...)
	if err != nil {
		return nil, fmt.Errorf("lines of the books: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[line])
	if err != nil {
		return nil, fmt.Errorf("lines of the books: %w", err)
	}
	return found, nil
}
