package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"pilothandbook/functions/checkouts"
	"pilothandbook/functions/dashboard"
	"pilothandbook/functions/jobs"
	"pilothandbook/functions/lessons"
	"pilothandbook/functions/readers"
	"pilothandbook/functions/sales"
	"pilothandbook/functions/views"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// now is in the middle of a day.
var now = time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC)

// routes are those of the page and of all pages with the rows behind it.
func routes(p *platform.Platform) []web.Route {
	return slices.Concat(dashboard.Routes(p), sales.Routes(p), checkouts.Routes(p), readers.Routes(p), lessons.Routes(p), views.Routes(p), jobs.Routes(p))
}

// open returns a handbook of this now that has its modules and nothing else.
func open(t testing.TB) (*platform.Platform, *platformtest.User) {
	t.Helper()
	p := platformtest.New(t)
	p.Now = func() time.Time { return now }
	platformtest.Shelf(t, p)
	return p, platformtest.Operator(t, p)
}

// busy fills a handbook with a hundred days of sales and reading, some of them
// in the first and in the last moment of a day.
func busy(t testing.TB, p *platform.Platform) {
	t.Helper()
	moment := `timestamptz '2026-11-25 00:00Z' - make_interval(days => (n * 7 % 100) + 1) + CASE n % 5 WHEN 0 THEN interval '0' WHEN 1 THEN interval '1 day' - interval '1 microsecond' ELSE make_interval(mins => n * 37 % 1440) END`
	for _, statement := range []string{`
		INSERT INTO users (id, email) SELECT gen_random_uuid(), 'reader' || n || '@example.com' FROM generate_series(1, 140) n`, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, created_at, expires_at)
		SELECT gen_random_uuid(), u.id, (ARRAY['instrument', 'private_commercial', 'bundle'])[n % 3 + 1], 7900, 'usd', false, '{}', 'complete', ` + moment + `, now()
		FROM generate_series(1, 400) n
		JOIN users u ON u.email = 'reader' || (n % 140 + 1) || '@example.com'`, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		SELECT gen_random_uuid(), ` + moment + `, 'sale', (ARRAY['instrument', 'private_commercial', 'bundle'])[n % 3 + 1], CASE WHEN n % 11 = 0 THEN 0 ELSE 5900 + n END, 'usd', 'pi_' || n
		FROM generate_series(1, 330) n`, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, purchased_at)
		SELECT gen_random_uuid(), u.id, l.stripe_payment_id, l.module_type, l.amount, 'completed', l.at
		FROM ledger l
		JOIN users u ON u.email = 'reader' || (substr(l.stripe_payment_id, 4)::int % 140 + 1) || '@example.com'
		WHERE l.stripe_payment_id NOT LIKE '%7'`, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		SELECT gen_random_uuid(), least(at + interval '3 days', timestamptz '2026-11-24 09:00Z'), CASE WHEN stripe_payment_id LIKE '%5' THEN 'dispute' ELSE 'refund' END, module_type, amount / 2, currency, stripe_payment_id
		FROM ledger
		WHERE stripe_payment_id ~ '[58]$'`, `
		INSERT INTO study_events (user_id, id, lesson_id, kind, at, body)
		SELECT u.id, gen_random_uuid(), (ARRAY['holding', 'vor-and-hsi', 'density-altitude', 'weight-and-balance'])[n % 4 + 1], 'open', ` + moment + `, '{}'
		FROM generate_series(1, 3000) n
		JOIN users u ON u.email = 'reader' || (n % 139 + 1) || '@example.com'`, `
		INSERT INTO progress (id, user_id, lesson_id, completed, completed_at, last_access)
		SELECT gen_random_uuid(), u.id, lesson, n % 3 > 0, CASE WHEN n % 3 > 0 THEN ` + moment + ` END, ` + moment + ` + interval '1 microsecond'
		FROM (SELECT row_number() OVER (ORDER BY u.id, lesson)::int AS n, u.id, lesson FROM users u, unnest(ARRAY['holding', 'vor-and-hsi', 'density-altitude', 'weight-and-balance']) lesson) u`, `
		INSERT INTO analytics_daily (day, kind, module_id, lesson_id, version, events, anonymous, people)
		SELECT date '2026-11-24' - n, kind, module, lesson, version, n * 3 + length(kind || lesson || version), 0, 0
		FROM generate_series(0, 99) n, (VALUES ('preview-read', 'instrument', 'holding'), ('preview-read', 'private_commercial', 'density-altitude'), ('module-viewed', 'instrument', ''), ('lesson-read', 'instrument', 'vor-and-hsi')) k (kind, module, lesson),
		     unnest(ARRAY['1.0.0', '1.1.0']) version`, `
		INSERT INTO outbox (id, kind, queue, payload, state, attempt, run_at, finished_at, lease_until)
		SELECT gen_random_uuid(), 'welcome-email', 'email-queue', '{}', (ARRAY['waiting', 'queued', 'running', 'dead', 'done'])[n % 5 + 1], 1, now() + make_interval(hours => n % 2 * 2 - 1),
		       CASE WHEN n % 5 > 2 THEN now() END, now() + interval '1 hour'
		FROM generate_series(1, 423) n`,
	} {
		platformtest.Exec(t, p, statement)
	}
}

// look opens a page that must be there.
func look(t testing.TB, p *platform.Platform, who *platformtest.User, path string) *goquery.Document {
	t.Helper()
	a, doc := platformtest.Page(t, p, routes(p), who, path)
	if a.Status != http.StatusOK || doc.Find("main [style], main style, main script").Length() != 0 {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return doc
}

// behind walks through the pages of rows, and returns how many rows there are
// and what they amount to.
func behind(t testing.TB, p *platform.Platform, who *platformtest.User, path string) (rows, amount int) {
	t.Helper()
	for pages := 0; path != ""; pages++ {
		doc := look(t, p, who, path)
		doc.Find("[data-row], ol.rows > li").Each(func(_ int, s *goquery.Selection) {
			rows++
			n, _ := strconv.Atoi(s.AttrOr("data-amount", "0"))
			amount += n
		})
		path = doc.Find("main a[rel=next]").AttrOr("href", "")
		if pages > 100 {
			t.Fatal("the pages do not end")
		}
	}
	return rows, amount
}

// numbers counts, for each number of a page, the rows behind it again, wants
// none that leads nowhere, and returns how many numbers there are and how many of them are zero.
func numbers(t *testing.T, p *platform.Platform, who *platformtest.User, path string) (all, zero int) {
	t.Helper()
	type found struct{ rows, amount int }
	known := map[string]found{} // by address
	doc := look(t, p, who, path)
	doc.Find("td.num, .gauges p, ul.rows > li > p:first-child").Each(func(_ int, s *goquery.Selection) {
		rest := s.Clone()
		if rest.Find("[data-count], [data-sum]").Remove(); strings.ContainsAny(rest.Text(), "0123456789") {
			t.Errorf("%s: %q has a number that leads nowhere", path, s.Text())
		}
	})
	doc.Find("[data-time]").Each(func(_ int, s *goquery.Selection) {
		if rows, _ := behind(t, p, who, s.AttrOr("href", "")); rows != 1 {
			t.Errorf("%s: %q leads to %d rows", path, s.Text(), rows)
		}
	})
	doc.Find("[data-count], [data-sum]").Each(func(_ int, s *goquery.Selection) {
		all++
		link := s.AttrOr("href", "")
		f, ok := known[link]
		if !ok {
			f.rows, f.amount = behind(t, p, who, link)
			known[link] = f
		}
		got, want := s.AttrOr("data-count", ""), f.rows
		if sum, ok := s.Attr("data-sum"); ok {
			got, want = sum, f.amount
		}
		if got == "0" {
			zero++
		}
		if got != strconv.Itoa(want) {
			t.Errorf("%s says %s (%s), and %s has %d rows of %d", path, got, s.Text(), link, f.rows, f.amount)
		}
	})
	return all, zero
}

// TestNumbers follows every number to its rows and counts them.
func TestNumbers(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	busy(t, p)
	for path, least := range map[string]int{"/admin?days=7": 60, "/admin": 150, "/admin?days=90": 400, "/admin?days=30&module=instrument": 60, "/admin/jobs": 4} {
		all, zero := numbers(t, p, op, path)
		if t.Logf("%s: %d numbers, %d of them zero", path, all, zero); all < least || zero > all/2 {
			t.Errorf("%s has %d numbers, of which %d are zero", path, all, zero)
		}
	}
}

// TestCurrencies keeps what was sold in two of them apart.
func TestCurrencies(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		VALUES (gen_random_uuid(), '2026-11-24 08:00Z', 'sale', 'instrument', 5900, 'usd', 'pi_1'), (gen_random_uuid(), '2026-11-24 09:00Z', 'sale', 'instrument', 4900, 'eur', 'pi_2'),
		       (gen_random_uuid(), '2026-11-17 09:00Z', 'refund', 'instrument', 150, 'eur', 'pi_2')`)
	numbers(t, p, op, "/admin")
	var prices []string
	doc := look(t, p, op, "/admin")
	doc.Find(".gauges li").Each(func(n int, s *goquery.Selection) {
		if n < 2 {
			prices = append(prices, strings.Join(strings.Fields(s.Text()), " "))
		}
	})
	if got := strings.Join(prices, "; "); got != "Kept today, eur 49.00 EUR 1 order. A week ago, all day: −1.50 EUR, 0 orders; Kept today, usd $59.00 1 order. A week ago, all day: $0.00, 0 orders" {
		t.Error(got)
	}
}

// TestNothing shows a handbook in which nothing has happened: zeros, and what
// will come.
func TestNothing(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, `DELETE FROM outbox`) // the jobs of new versions
	if all, zero := numbers(t, p, op, "/admin"); all != zero || all < 15 {
		t.Errorf("%d numbers, %d of them zero", all, zero)
	}
	main := look(t, p, op, "/admin").Find("main")
	if n := main.Find("figure.chart").Length(); n > 0 {
		t.Errorf("%d charts of nothing", n)
	}
	text := strings.Join(strings.Fields(main.Text()), " ")
	for _, want := range []string{"$0.00", "Nothing was sold in these days. Each order comes here", "Nobody was reading in these days. Who opens", "no job waits", "12:00 UTC", "midnight UTC", "26 October to 24 November 2026"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	for _, path := range []string{"/admin?days=90", "/admin/checkouts"} { // upkeep deletes them
		if text := look(t, p, op, path).Find("main").Text(); !strings.Contains(text, "30 days after it was over") {
			t.Errorf("%s does not say that checkouts of former days are missing", path)
		}
	}
	bare := platformtest.New(t)
	if a, _ := platformtest.Page(t, bare, routes(bare), platformtest.Operator(t, bare), "/admin"); a.Status != http.StatusOK {
		t.Errorf("without modules: %d %s", a.Status, a.Body)
	}
}

// TestCharts wants charts that can be read without seeing them: a title, a
// description, and a bar for each day on which something was.
func TestCharts(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		VALUES (gen_random_uuid(), '2026-11-18 00:00Z', 'sale', 'instrument', 5900, 'usd', 'pi_1'), (gen_random_uuid(), '2026-11-20 23:59:59.999999Z', 'sale', 'instrument', 11750, 'usd', 'pi_2'),
		       (gen_random_uuid(), '2026-11-20 12:00Z', 'refund', 'instrument', 5900, 'usd', 'pi_1'), (gen_random_uuid(), '2026-11-17 23:59:59.999999Z', 'sale', 'instrument', 99900, 'usd', 'pi_3')`)
	svg := look(t, p, op, "/admin?days=7").Find("svg[role=img]").First()
	if got := svg.Find("title").Text() + ": " + svg.Find("desc").Text(); got != "Taken per day, and back below the line: The most, $117.50, on 20 November 2026. The table beside it has all numbers." {
		t.Error(got)
	}
	for _, id := range strings.Fields(svg.AttrOr("aria-labelledby", "")) {
		if svg.Find("#"+id).Length() != 1 {
			t.Errorf("it has no %s", id)
		}
	}
	if up, down, peaks, days := svg.Find("rect:not(.down)").Length(), svg.Find("rect.down").Length(), svg.Find("text.peak").Text(), svg.Find("text:not(.peak)").Length(); up != 2 || down != 1 || peaks != "$59$118" || days != 7 {
		t.Errorf("%d bars up, %d down, numbers %s, %d days", up, down, peaks, days)
	}
	heights := []int{}
	svg.Find("rect").Each(func(_ int, s *goquery.Selection) {
		h, _ := strconv.Atoi(s.AttrOr("height", ""))
		heights = append(heights, h)
	})
	if len(heights) != 3 || heights[0] != heights[2] || heights[1]-2*heights[0] > 1 || heights[1] < 80 {
		t.Errorf("bars of $59, $118 and $59 back are %v high", heights)
	}
}

// TestBelow says of a chart that has bars below its line alone where they are.
func TestBelow(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		VALUES (gen_random_uuid(), '2026-11-20 12:00Z', 'refund', 'instrument', 5900, 'usd', 'pi_1')`)
	svg := look(t, p, op, "/admin?days=7").Find("svg[role=img]").First()
	if got := svg.Find("desc").Text(); got != "Nothing above the line; the most below it, $59.00, on 20 November 2026. The table beside it has all numbers." || svg.Find("rect.down").Length() != 1 {
		t.Errorf("%q, %d bars", got, svg.Find("rect").Length())
	}
}

// TestQueues draws the jobs of each queue, the most of one state the longest.
func TestQueues(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, created_at, lease_until, finished_at)
		SELECT gen_random_uuid(), 'welcome-email', 'email-queue', '{}'::jsonb, CASE WHEN n < 4 THEN 'running' ELSE 'waiting' END, now() - make_interval(hours => n), now() + interval '1 hour', NULL
		FROM generate_series(1, 9) n
		UNION ALL
		SELECT gen_random_uuid(), 'reconcile', 'money-queue', '{}', 'dead', now() - interval '9 days', NULL, now()`)
	doc := look(t, p, op, "/admin")
	svg := doc.Find("svg[aria-labelledby~=queues]")
	var bars []string
	svg.Find("rect").Each(func(_ int, s *goquery.Selection) {
		bars = append(bars, strings.TrimSpace(s.AttrOr("class", "")+" "+s.AttrOr("width", "")))
	})
	var texts []string
	svg.Find("text").Each(func(_ int, s *goquery.Selection) { texts = append(texts, s.Text()) })
	if got := strings.Join(bars, ", "); got != "33%, down 66%, failed 11%" {
		t.Errorf("bars: %s", got)
	}
	if got := strings.Join(texts, ", "); got != "email-queue, 3 running, 6 waiting, 0 failed, money-queue, 0 running, 0 waiting, 1 failed" {
		t.Errorf("texts: %s", got)
	}
	if got := doc.Find("[data-time]").Text(); got != "9 hours" {
		t.Errorf("the oldest that may still run: %q", got)
	}
}

// TestTasks tells what somebody must act on.
func TestTasks(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, finished_at, error)
		VALUES (gen_random_uuid(), 'refund-payment', 'email-queue', '{}', 'dead', now(), 'Stripe says no')`)
	text := strings.Join(strings.Fields(look(t, p, op, "/admin").Find("section.bad").Text()), " ")
	if want := "refund-payment: jobs have failed for good (Stripe says no): handbook jobs shows the causes; once they are mended: handbook retry KIND."; !strings.Contains(text, want) {
		t.Errorf("it says %q", text)
	}
}

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
		{"/admin", ana, 403, "Only operators"},
		{"/admin?days=8", op, 400, "7, 30 or 90 days"},
		{"/admin?days=%00", op, 400, "7, 30 or 90 days"},
		{"/admin?module=nope", op, 400, "no such module"},
		{"/admin?module=%00%ff", op, 400, "no such module"},
	} {
		a, _ := platformtest.Page(t, p, routes(p), tc.who, tc.path)
		if a.Status != tc.status || !strings.Contains(a.Body, tc.says) {
			t.Errorf("%s: %d %s", tc.path, a.Status, a.Body)
		}
	}
}

// TestForms refuses what cannot be, and keeps what was typed.
func TestForms(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, path := range []string{"/admin/sales", "/admin/checkouts", "/admin/readers", "/admin/lessons", "/admin/views"} {
		if a, _ := platformtest.Page(t, p, routes(p), ana, path); a.Status != http.StatusForbidden {
			t.Errorf("a learner, %s: %d", path, a.Status)
		}
		if text := look(t, p, op, path).Find(".empty").Text(); text == "" {
			t.Errorf("%s says nothing while there is nothing", path)
		}
		if a, _ := platformtest.Page(t, p, routes(p), op, path+"?after=x"); a.Status != http.StatusNotFound {
			t.Errorf("%s: no such page: %d", path, a.Status)
		}
		for query, field := range map[string]string{
			"from=yesterday&module=instrument": "#from", "to=2026-02-30&module=instrument": "#to", "day=0000-00-00&module=instrument": "#to",
			"from=2026-11-24&to=2026-11-23&module=instrument": "#from", "module=nope": "#module", "module=%00": "#module",
		} {
			a, doc := platformtest.Page(t, p, routes(p), op, path+"?"+query)
			wrong := doc.Find(field + "[aria-invalid=true][aria-describedby=wrong]")
			if a.Status != http.StatusBadRequest || wrong.Length() != 1 || doc.Find("#wrong[role=alert]").Text() == "" {
				t.Errorf("%s?%s: %d %s", path, query, a.Status, doc.Find("main").Text())
			}
			asked, _ := url.ParseQuery(query)
			if typed := asked.Get(field[1:]); field != "#module" && asked.Get("day") == "" && wrong.AttrOr("value", "") != typed {
				t.Errorf("%s?%s: %q became %q", path, query, typed, wrong.AttrOr("value", ""))
			}
			if field != "#module" && doc.Find("#module [selected]").AttrOr("value", "") != "instrument" {
				t.Errorf("%s?%s: the module is lost", path, query)
			}
		}
	}
	for path, field := range map[string]string{"/admin/lessons?show=all": "#show", "/admin/lessons?lesson=%00": "#lesson", "/admin/views?kind=x": "#kind"} {
		if a, doc := platformtest.Page(t, p, routes(p), op, path); a.Status != http.StatusBadRequest || doc.Find(field+"[aria-invalid]").Length() != 1 {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	for _, page := range []string{"-1", "x", "99999999999999999999"} {
		if a, _ := platformtest.Page(t, p, routes(p), op, "/admin/views?page="+page); a.Status != http.StatusNotFound {
			t.Errorf("page %s: %d", page, a.Status)
		}
	}
}

// TestMoved counts a lesson that has moved once, though there is progress under
// both of its ids.
func TestMoved(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor")
	next.Version.Version, next.Checksum = "2.0.0", "instrument-2.0.0"
	next.Former = []version.Former{{ID: "vor-and-hsi", Moved: "vor"}}
	platformtest.Publish(t, p, next)
	for _, lesson := range []string{"vor-and-hsi", "vor"} {
		platformtest.Exec(t, p, `
			INSERT INTO progress (id, user_id, lesson_id, completed, completed_at, last_access)
			VALUES (gen_random_uuid(), $1, $2, true, '2026-11-24 08:00Z', '2026-11-24 08:00Z')`, op.ID, lesson)
	}
	numbers(t, p, op, "/admin")
	if got := look(t, p, op, "/admin").Find(".gauges li").Eq(2).Find(".price").Text(); strings.TrimSpace(got) != "1" {
		t.Errorf("finished today: %s", got)
	}
}

// TestRetired calls a lesson that readers have no more by the title that they
// knew, on both pages.
func TestRetired(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding")
	next.Version.Version, next.Checksum = "2.0.0", "instrument-2.0.0"
	platformtest.Publish(t, p, next)
	platformtest.Exec(t, p, `
		INSERT INTO progress (id, user_id, lesson_id, completed, completed_at, last_access)
		VALUES (gen_random_uuid(), $1, 'vor-and-hsi', true, '2026-11-24 08:00Z', '2026-11-24 08:00Z')`, op.ID)
	for path, cell := range map[string]string{"/admin": "h3 + .table td", "/admin/lessons": "[data-row] td"} {
		if got := look(t, p, op, path).Find(cell).First().Text(); got != "Lesson vor-and-hsi" {
			t.Errorf("%s calls it %q", path, got)
		}
	}
}

// TestKinds shows all that browsers tell of, and how many people did it.
func TestKinds(t *testing.T) {
	t.Parallel()
	p, op := open(t)
	var kinds []string
	look(t, p, op, "/admin/views").Find("#kind option").Each(func(_ int, s *goquery.Selection) { kinds = append(kinds, s.AttrOr("value", "")) })
	for _, kind := range kinds {
		platformtest.Exec(t, p, `
			INSERT INTO analytics_daily (day, kind, module_id, lesson_id, version, events, anonymous, people)
			VALUES ('2026-11-24', $1, '', '', '', 7, 4, 2)`, kind)
		doc := look(t, p, op, "/admin/views?kind="+kind)
		if got := strings.Join(strings.Fields(doc.Find("[data-row]").Text()), " "); got != "24 Nov 2026All modules7 times4 not signed in2 people" || doc.Find("#kind [selected]").Text() != doc.Find("h1").Text() {
			t.Errorf("%s, %s: %q", kind, doc.Find("h1").Text(), got)
		}
	}
	if len(kinds) != 8 {
		t.Errorf("kinds: %q", kinds)
	}
}
