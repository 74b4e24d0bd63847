package period

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// Sheet is how many rows a page has.
const Sheet = 50

// Form is what a page of rows was asked for. The template "period" of the
// reader shows it.
type Form struct {
	Period
	From, To string       // as they were typed
	Modules  []Module     // that there are, by title
	After    Place        // where the page begins
	Wrong    *fault.Error // what is wrong with a field; nil if nothing is
}

// Module is a module by its key.
type Module struct{ Key, Title string }

// Place is between two rows of a list with the latest first. Its zero value is
// before all of them.
type Place struct {
	At time.Time
	ID uuid.UUID // of the row above, apart from others of its time
}

// Read returns what an address asks for: the days from and to, or one day,
// written as 2026-11-24; a module; and after, where a page begins. Days that
// are left out are the last ones. Its error is of the database; what is wrong
// with the address is in the form, except for a page that cannot be.
func Read(ctx context.Context, q db.Querier, asked url.Values, now time.Time) (Form, error) {
	one := asked.Get("day")
	f := Form{From: cmp.Or(one, asked.Get("from")), To: cmp.Or(one, asked.Get("to"))}
	rows, err := q.Query(ctx, `
		SELECT key, title
		FROM modules
		ORDER BY title`)
	if err != nil {
		return f, fmt.Errorf("modules: %w", err)
	}
	if f.Modules, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Module]); err != nil {
		return f, fmt.Errorf("modules: %w", err)
	}
	if f.After, err = place(asked.Get("after")); err != nil {
		return f, err
	}
	f.Module = asked.Get("module")
	f.Wrong = f.parse(now)
	return f, nil
}

// parse makes the period of what was typed.
func (f *Form) parse(now time.Time) *fault.Error {
	f.Period = Recent(Default, now).Of(f.Module)
	var wrong *fault.Error
	if f.Last, wrong = parseDay("to", f.To, f.Last); wrong != nil {
		return wrong
	}
	if f.First, wrong = parseDay("from", f.From, f.Last.AddDate(0, 0, 1-Default)); wrong != nil {
		return wrong
	}
	if f.First.After(f.Last) {
		return fault.In("from", "This day is after the last one. Enter an earlier day, or a later one beside it.")
	}
	if f.Module != "" && !slices.ContainsFunc(f.Modules, func(m Module) bool { return m.Key == f.Module }) {
		return fault.In("module", "There is no such module. Choose one of the list.")
	}
	f.From, f.To = f.First.Format(form), f.Last.Format(form)
	return nil
}

// Faults reports whether a field is what is wrong.
func (f Form) Faults(field string) bool { return f.Wrong != nil && f.Wrong.Field == field }

func parseDay(field, typed string, instead time.Time) (time.Time, *fault.Error) {
	if strings.TrimSpace(typed) == "" {
		return instead, nil
	}
	t, err := time.Parse(form, strings.TrimSpace(typed))
	if err != nil || t.Year() < 1 {
		return instead, fault.In(field, "This is no day. Write it as year, month and day: %s.", instead.Format(form))
	}
	return t, nil
}

// Pager returns the rows that a page shows of one more than it shows, and the
// address of the next page, "" where there is none. at tells the place of a row.
func Pager[R any](asked *url.URL, rows []R, at func(R) Place) ([]R, string) {
	if len(rows) <= Sheet {
		return rows, ""
	}
	last := at(rows[Sheet-1])
	q := asked.Query()
	q.Set("after", strconv.FormatInt(last.At.UnixMicro(), 10)+"."+last.ID.String())
	return rows[:Sheet], asked.Path + "?" + q.Encode()
}

// place reads what Pager wrote.
func place(s string) (Place, error) {
	if s == "" {
		return Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}, nil
	}
	at, name, _ := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	id, wrong := uuid.Parse(name)
	if t := time.UnixMicro(micros).UTC(); err == nil && wrong == nil && t.Year() > 0 && t.Year() < 10000 {
		return Place{t, id}, nil
	}
	return Place{}, fault.New(fault.NotFound, "There is no such page. Begin with the first one.")
}
