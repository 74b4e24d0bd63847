package sales_test

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pilothandbook/functions/sales"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// open returns a handbook that has its modules, on a day.
func open(t testing.TB) (*platform.Platform, *platformtest.User) {
	t.Helper()
	p := platformtest.New(t)
	p.Now = func() time.Time { return time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC) }
	platformtest.Sell(t, p)
	return p, platformtest.Operator(t, p)
}

const books = `
	INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id, discount, tax) VALUES
		('00000000-0000-7000-8000-000000000001', '2026-11-20 00:00Z', 'sale', 'instrument', 9900, 'usd', 'pi_1', 0, 900),
		('00000000-0000-7000-8000-000000000002', '2026-11-20 23:59:59.999999Z', 'refund', 'instrument', 4950, 'usd', 'pi_1', 0, 450),
		('00000000-0000-7000-8000-000000000003', '2026-11-21 08:00Z', 'sale', 'bundle', 0, 'usd', 'cs_2', 14900, 0),
		('00000000-0000-7000-8000-000000000004', '2026-11-21 09:00Z', 'sale', 'private_commercial', 7905, 'eur', '=HYPERLINK("http://evil.example")', 0, 0),
		('00000000-0000-7000-8000-000000000005', '2026-11-22 09:00Z', 'dispute', 'private_commercial', 5, 'eur', '=HYPERLINK("http://evil.example")', 0, 0)`

func TestPage(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, books)
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status)
		VALUES ('00000000-0000-7000-8000-00000000000a', $1, 'pi_1', 'instrument', 9900, 'completed')`, ana.ID)
	for _, tc := range []struct{ query, lead, rows string }{
		{"", "26 October to 24 November 2026, UTC: 1 order, 79.05 EUR taken, 0.05 EUR went back, 79.00 EUR kept: 2 orders, $99.00 taken, $49.50 went back, $49.50 kept.", "Lost dispute Sale Free order Refund Sale"},
		{"day=2026-11-20", "20 November 2026, UTC: 1 order, $99.00 taken, $49.50 went back, $49.50 kept.", "Refund Sale"},
		{"from=2026-11-21&to=2026-11-22&module=private_commercial", "21 November to 22 November 2026, UTC: 1 order, 79.05 EUR taken, 0.05 EUR went back, 79.00 EUR kept.", "Lost dispute Sale"},
		{"kind=sale&currency=usd", "26 October to 24 November 2026, UTC: 2 orders, $99.00 taken, $0.00 went back, $99.00 kept.", "Free order Sale"},
		{"kind=back", "26 October to 24 November 2026, UTC: 0 orders, 0.00 EUR taken, 0.05 EUR went back, −0.05 EUR kept: 0 orders, $0.00 taken, $49.50 went back, −$49.50 kept.", "Lost dispute Refund"},
		{"to=2026-11-19", "21 October to 19 November 2026, UTC.", ""},
	} {
		a, doc := platformtest.Page(t, p, sales.Routes(p), op, "/admin/sales?"+tc.query)
		var kinds []string
		for _, row := range doc.Find("[data-row]").EachIter() {
			kinds = append(kinds, row.Find("td").Eq(1).Text())
		}
		if lead := doc.Find(".lead").Text(); a.Status != http.StatusOK || lead != tc.lead || strings.Join(kinds, " ") != tc.rows {
			t.Errorf("%q: %d %q %q", tc.query, a.Status, lead, kinds)
		}
	}
	_, doc := platformtest.Page(t, p, sales.Routes(p), op, "/admin/sales?day=2026-11-20")
	links := strings.Join(platformtest.Links(doc), " ")
	for _, want := range []string{"GET /admin/people/" + ana.ID.String(), "GET /admin/purchases/00000000-0000-7000-8000-00000000000a/refund", "GET /admin/sales.csv?day=2026-11-20"} {
		if !strings.Contains(links, want) {
			t.Errorf("no %s among %s", want, links)
		}
	}
	_, doc = platformtest.Page(t, p, sales.Routes(p), op, "/admin/sales?day=2026-11-22")
	if links := strings.Join(platformtest.Links(doc), " "); !strings.Contains(links, "/admin/purchases/00000000-0000-7000-8000-000000000004/refund") || !strings.Contains(doc.Find("[data-row]").Text(), "a deleted account") {
		t.Errorf("the line of a deleted account leads to %s", links)
	}
}

// TestCSV has what a spreadsheet reads: numbers as numbers, and texts that are
// no formulas.
func TestCSV(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, books)
	platformtest.Exec(t, p, `UPDATE modules SET title = '+Übung, "IFR"' WHERE key = 'instrument'`)
	a := platformtest.Call(t, p, sales.Routes(p), op, "GET", "/admin/sales.csv?from=2026-11-20&to=2026-11-22", nil)
	if kind := a.Header.Get("Content-Type"); a.Status != http.StatusOK || kind != "text/csv; charset=utf-8; header=present" {
		t.Fatalf("%d %s %s", a.Status, kind, a.Body)
	}
	if to := a.Header.Get("Content-Disposition"); to != `attachment; filename="sales-2026-11-20-2026-11-22.csv"` {
		t.Error(to)
	}
	text, marked := strings.CutPrefix(a.Body, "\ufeff")
	want := "time (UTC),kind,module,title,amount,currency,discount,tax,payment,line\r\n" +
		`2026-11-22T09:00:00Z,dispute,private_commercial,Private and Commercial Pilot,-0.05,EUR,0.00,0.00,"'=HYPERLINK(""http://evil.example"")",00000000-0000-7000-8000-000000000005` + "\r\n" +
		`2026-11-21T09:00:00Z,sale,private_commercial,Private and Commercial Pilot,79.05,EUR,0.00,0.00,"'=HYPERLINK(""http://evil.example"")",00000000-0000-7000-8000-000000000004` + "\r\n" +
		`2026-11-21T08:00:00Z,sale,bundle,The Whole Handbook,0.00,USD,149.00,0.00,cs_2,00000000-0000-7000-8000-000000000003` + "\r\n" +
		`2026-11-20T23:59:59Z,refund,instrument,"'+Übung, ""IFR""",-49.50,USD,0.00,-4.50,pi_1,00000000-0000-7000-8000-000000000002` + "\r\n" +
		`2026-11-20T00:00:00Z,sale,instrument,"'+Übung, ""IFR""",99.00,USD,0.00,9.00,pi_1,00000000-0000-7000-8000-000000000001` + "\r\n"
	if !marked || text != want {
		t.Errorf("marked %t:\n%s\nwant:\n%s", marked, text, want)
	}
	empty := platformtest.Call(t, p, sales.Routes(p), op, "GET", "/admin/sales.csv?day=2025-01-01", nil)
	if lines := strings.Count(empty.Body, "\r\n"); empty.Status != http.StatusOK || lines != 1 {
		t.Errorf("nothing: %d, %d lines", empty.Status, lines)
	}
}

// TestWhole exports more lines than are asked for at once, many of them of one
// moment: each once.
func TestWhole(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	for _, n := range []int{4000, 4001} { // two batches, and one more line
		platformtest.Exec(t, p, `DELETE FROM ledger`)
		platformtest.Exec(t, p, `
			INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
			SELECT gen_random_uuid(), timestamptz '2026-11-20 00:00Z' + make_interval(mins => n / 700), 'sale', 'instrument', n, 'usd', 'pi_' || n
			FROM generate_series(1, $1) n`, n)
		a := platformtest.Call(t, p, sales.Routes(p), op, "GET", "/admin/sales.csv", nil)
		rows, err := csv.NewReader(strings.NewReader(a.Body)).ReadAll()
		if err != nil || len(rows) != n+1 {
			t.Fatalf("%d lines, %v", len(rows), err)
		}
		known := map[string]bool{}
		for _, r := range rows[1:] {
			known[r[8]] = true
		}
		if len(known) != n {
			t.Errorf("%d payments", len(known))
		}
	}
}

// brokenOff is a reader who leaves while lines come.
type brokenOff struct{ http.ResponseWriter }

func (brokenOff) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }

// TestBrokenOff ends an answer that cannot be completed in a way that no browser
// takes for all of it.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, books)
	routes := sales.Routes(p)
	at := slices.IndexFunc(routes, func(r web.Route) bool { return r.Path == "/admin/sales.csv" })
	if at < 0 {
		t.Fatal("there is no such route")
	}
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("it ends with %v", v)
		}
	}()
	err := routes[at].Handle(brokenOff{header{}}, platformtest.Request(t, op, "GET", "/admin/sales.csv", nil))
	t.Errorf("it returns %v", err)
}

// header is an answer whose header nobody reads.
type header struct{}

func (header) Header() http.Header         { return http.Header{} }
func (header) Write(b []byte) (int, error) { return len(b), nil }
func (header) WriteHeader(int)             {}

func TestRefused(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, tc := range []struct {
		path   string
		who    *platformtest.User
		status int
		says   string
	}{
		{"/admin/sales", ana, 403, "Only operators"},
		{"/admin/sales.csv", ana, 403, "Only operators"},
		{"/admin/sales?from=yesterday", op, 400, "This is no day. Write it as year, month and day: 2026-10-26."},
		{"/admin/sales.csv?from=2026-02-30", op, 400, "This is no day."},
		{"/admin/sales?to=0000-01-01", op, 400, "This is no day."},
		{"/admin/sales?from=2026-11-24&to=2026-11-23", op, 400, "This day is after the last one."},
		{"/admin/sales?module=%00", op, 400, "There is no such module."},
		{"/admin/sales?kind=gift", op, 400, "There are no such lines."},
		{"/admin/sales.csv?currency=%00%00%ff", op, 400, "A currency has three small letters"},
		{"/admin/sales?after=x", op, 404, "There is no such page."},
		{"/admin/sales?after=9223372036854775807.00000000-0000-7000-8000-000000000001", op, 404, "There is no such page."},
		{"/admin/sales?from=0001-01-01&to=9999-12-31", op, 200, "1 January 0001 to 31 December 9999"},
	} {
		a, doc := platformtest.Page(t, p, sales.Routes(p), tc.who, tc.path)
		if a.Status != tc.status || !strings.Contains(doc.Text(), tc.says) {
			t.Errorf("%s: %d %s", tc.path, a.Status, doc.Find("main").Text())
		}
	}
	_, doc := platformtest.Page(t, p, sales.Routes(p), op, "/admin/sales?from=yesterday&to=2026-11-24&module=instrument&kind=sale")
	kept := doc.Find("#from").AttrOr("value", "") + doc.Find("#to").AttrOr("value", "") + doc.Find("#module [selected]").AttrOr("value", "") + doc.Find("#kind [selected]").AttrOr("value", "")
	if doc.Find("#from[aria-invalid]").Length() != 1 || kept != "yesterday2026-11-24instrumentsale" {
		t.Errorf("what was typed is lost: %q", kept)
	}
	_, doc = platformtest.Page(t, p, sales.Routes(p), op, "/admin/sales?currency=Euro&kind=sale")
	if doc.Find("#currency[aria-invalid]:not([type=hidden])").AttrOr("value", "") != "Euro" || doc.Find("#kind [selected]").AttrOr("value", "") != "sale" {
		t.Error("a wrong currency cannot be mended in the page")
	}
}
