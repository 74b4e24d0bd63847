// Package period says what an operator's figures are about: whole days, and one
// module or all. Days begin and end at midnight UTC.
//
// A figure and the page with the rows behind it have one Period, so that they
// count the same.
package period

import (
	"net/url"
	"time"
)

// Default is how many days a page is about that nobody asked for others.
const Default = 30

const (
	day  = 24 * time.Hour
	form = time.DateOnly
)

// Period is a stretch of days of one module, or of all.
type Period struct {
	First, Last time.Time // their midnights
	Module      string    // its key; "" is all
}

// Recent returns the last days, of which the day of now is one.
func Recent(days int, now time.Time) Period {
	last := now.UTC().Truncate(day)
	return Period{First: last.AddDate(0, 0, 1-days), Last: last}
}

// End returns the midnight at which it is over.
func (p Period) End() time.Time { return p.Last.AddDate(0, 0, 1) }

// On returns one day of the same module.
func (p Period) On(day time.Time) Period { return Period{day, day, p.Module} }

// Of returns the same days of a module.
func (p Period) Of(module string) Period { return Period{p.First, p.Last, module} }

// Days returns the midnights of all its days.
func (p Period) Days() []time.Time {
	var all []time.Time
	for d := p.First; !d.After(p.Last); d = d.AddDate(0, 0, 1) {
		all = append(all, d)
	}
	return all
}

// Link returns the address of a page that is about it, which Read understands.
// more are names and values of further parameters; empty values are left out.
func (p Period) Link(path string, more ...string) string {
	q := url.Values{}
	if p.First.Equal(p.Last) {
		q.Set("day", p.First.Format(form))
	} else {
		q.Set("from", p.First.Format(form))
		q.Set("to", p.Last.Format(form))
	}
	more = append(more, "module", p.Module)
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			q.Set(more[i], more[i+1])
		}
	}
	return path + "?" + q.Encode()
}

// String tells the days in words.
func (p Period) String() string {
	const words = "2 January 2006"
	last := p.Last.Format(words)
	switch {
	case p.First.Equal(p.Last):
		return last
	case p.First.Year() == p.Last.Year():
		return p.First.Format("2 January") + " to " + last
	}
	return p.First.Format(words) + " to " + last
}
