package period_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/period"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// late is a moment that is a day later in the east.
var late = time.Date(2026, time.March, 1, 23, 30, 0, 0, time.UTC).In(time.FixedZone("east", 5*3600))

// TestRead reads back what Link writes, and knows what is left out.
func TestRead(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	for _, tc := range []struct{ asked, want, link string }{
		{"", "31 January to 1 March 2026", "/x?from=2026-01-31&to=2026-03-01"},
		{"day=2024-02-29&module=bundle", "29 February 2024", "/x?day=2024-02-29&module=bundle"},
		{"to=2026-01-02", "4 December 2025 to 2 January 2026", "/x?from=2025-12-04&to=2026-01-02"},
		{"from=2026-02-27", "27 February to 1 March 2026", "/x?from=2026-02-27&to=2026-03-01"},
		{"from= 2026-02-01 &to=2026-02-01", "1 February 2026", "/x?day=2026-02-01"},
	} {
		asked, err := url.ParseQuery(strings.ReplaceAll(tc.asked, " ", "+"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := period.Read(t.Context(), p.DB, asked, late)
		if link := f.Link("/x", "kind", ""); err != nil || f.Wrong != nil || f.String() != tc.want || link != tc.link {
			t.Errorf("%q: %s, %s, %v, %v", tc.asked, f, link, f.Wrong, err)
		}
		if days := f.Days(); !days[0].Equal(f.First) || !days[len(days)-1].Equal(f.Last) || f.End().Sub(f.First) != time.Duration(len(days))*24*time.Hour {
			t.Errorf("%q: %d days from %s to %s", tc.asked, len(days), f.First, f.End())
		}
	}
}

// TestPager leads to a page that begins after the last row, whatever its time.
func TestPager(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	at := func(n int) period.Place {
		return period.Place{At: time.Date(2026, 1, 1, 0, 0, 0, n*1000, time.UTC), ID: uuid.UUID{byte(n)}}
	}
	rows := make([]int, period.Sheet+1)
	for i := range rows {
		rows[i] = i
	}
	if shown, next := period.Pager(&url.URL{Path: "/x"}, rows[:period.Sheet], at); len(shown) != period.Sheet || next != "" {
		t.Errorf("a full page leads to %q", next)
	}
	shown, next := period.Pager(&url.URL{Path: "/x", RawQuery: "day=2026-01-01"}, rows, at)
	to, err := url.Parse(next)
	if err != nil || !slices.Equal(shown, rows[:period.Sheet]) {
		t.Fatal(next, err)
	}
	f, err := period.Read(t.Context(), p.DB, to.Query(), late)
	if want := at(period.Sheet - 1); err != nil || !f.After.At.Equal(want.At) || f.After.ID != want.ID || f.From != "2026-01-01" {
		t.Errorf("%s is read as %v", next, f.After)
	}
}
