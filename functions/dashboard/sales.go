package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/period"
	"pilothandbook/platform/db"
	"pilothandbook/reader"
)

// book is what was sold in one currency.
type book struct {
	Currency      string
	Today, Before sold
	Total         sold
	Days          []sold // with sales or what went back, the latest first
	Modules       []sold // those that were, by title
	Chart         chart
}

// sold is what was sold in some days, and what went back in them.
type sold struct {
	Name                      string // of the day or module
	Orders, Taken, Back, Kept number
}

// takings are the lines of the books of one day, module and currency.
type takings struct {
	Day         time.Time
	Module      string
	Currency    string
	Orders      int
	Taken, Back int // in cents; Back is below zero
}

// askSales reads the books. Where there is nothing yet it shows so in the
// currency of the modules.
func (v *view) askSales(ctx context.Context, q db.Querier) error {
	p := v.reach()
	rows, err := q.Query(ctx, `
		SELECT (at AT TIME ZONE 'UTC')::date, module_type, currency, count(*) FILTER (WHERE kind = 'sale'),
		       coalesce(sum(amount) FILTER (WHERE kind = 'sale'), 0), coalesce(-sum(amount) FILTER (WHERE kind <> 'sale'), 0)
		FROM ledger
		WHERE `+period.Sold+`
		GROUP BY 1, 2, 3`, p.Args()...)
	if err != nil {
		return fmt.Errorf("sales: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[takings])
	if err != nil {
		return fmt.Errorf("sales: %w", err)
	}
	books := map[string][]takings{}
	for _, t := range all {
		books[t.Currency] = append(books[t.Currency], t)
	}
	if len(books) == 0 {
		usual := "usd"
		if err := q.QueryRow(ctx, `SELECT coalesce(min(currency), 'usd') FROM modules`).Scan(&usual); err != nil {
			return fmt.Errorf("currency: %w", err)
		}
		books[usual] = nil
	}
	for currency, lines := range books {
		only := ""
		if len(books) > 1 {
			only = currency
		}
		v.Books = append(v.Books, v.book(currency, only, lines))
	}
	slices.SortFunc(v.Books, func(a, b book) int { return cmp.Compare(a.Currency, b.Currency) })
	return nil
}

// book adds the lines of a currency up. only is the currency that links must
// name, as there are others.
func (v *view) book(currency, only string, lines []takings) book {
	sum := func(name string, p period.Period) sold {
		var t takings
		for _, l := range lines {
			if !l.Day.Before(p.First) && !l.Day.After(p.Last) && (p.Module == "" || p.Module == l.Module) {
				t.Orders, t.Taken, t.Back = t.Orders+l.Orders, t.Taken+l.Taken, t.Back+l.Back
			}
		}
		link := func(kind string) string { return p.Link("/admin/sales", "kind", kind, "currency", only) }
		return sold{
			name, count(t.Orders, link("sale")), money(t.Taken, currency, link("sale")),
			money(t.Back, currency, link("back")), money(t.Taken+t.Back, currency, link("")),
		}
	}
	b := book{Currency: currency, Today: sum("Today", v.today()), Before: sum("A week ago", v.before()), Total: sum("All", v.Period)}
	var up, down []int
	for _, day := range v.Period.Days() {
		d := sum(day.Format("2 Jan"), v.Period.On(day))
		up, down = append(up, d.Taken.Value), append(down, -d.Back.Value)
		if d.Orders.Value > 0 || d.Back.Value != 0 {
			b.Days = append(b.Days, d)
		}
	}
	slices.Reverse(b.Days)
	for key, title := range v.Titles {
		m := sum(title, v.Period.Of(key))
		if v.Period.Module == "" && (m.Orders.Value > 0 || m.Back.Value != 0) {
			b.Modules = append(b.Modules, m)
		}
	}
	slices.SortFunc(b.Modules, func(a, b sold) int { return cmp.Compare(a.Name, b.Name) })
	b.Chart = bars("sales-"+currency, "Taken per day, and back below the line", v.Period, up, down, func(n int) string { return reader.Money(n, currency) })
	return b
}
