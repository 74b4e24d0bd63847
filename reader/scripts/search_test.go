package scripts_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/asset"
	"pilothandbook/functions/lesson"
	functionsearch "pilothandbook/functions/search"
	"pilothandbook/functions/session"
	"pilothandbook/handbook/search"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
)

// searchable serves a shelf that is indexed, and returns its address.
func searchable(t *testing.T) string {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	for _, id := range strings.Fields(platformtest.Text(t, p, `SELECT string_agg(id::text, ' ') FROM content_versions`)) {
		if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { _, err := search.Index(t.Context(), tx, uuid.MustParse(id)); return err }); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(router.New(p, slices.Concat(asset.Routes(p), session.Routes(p), functionsearch.Routes(p), lesson.Routes(p))...))
	t.Cleanup(server.Close)
	return server.URL
}

// write types a text where the focus is.
func write(t *testing.T, page *rod.Page, text string) {
	t.Helper()
	for _, r := range text {
		press(t, page, input.Key(r))
	}
}

func press(t *testing.T, page *rod.Page, key input.Key) {
	t.Helper()
	if err := page.Keyboard.Type(key); err != nil {
		t.Fatal(err)
	}
}

// focused is what has the focus: the words, a hit, or another element.
const focused = `() => { const e = document.activeElement; return e.matches("ol.hits a") ? e.textContent : e.id || e.localName; }`

// TestSearch finds while somebody types, and goes through what was found by
// the keyboard.
func TestSearch(t *testing.T) {
	t.Parallel()
	b, url := chromium.Start(t), searchable(t)
	page := tab(t, b, "about:blank")
	if err := page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: 360, Height: 640, DeviceScaleFactor: 1, Mobile: true}); err != nil {
		t.Fatal(err)
	}
	// What the page asks for is noted as it asks.
	if _, err := page.EvalOnNewDocument(`window.asked = []; const get = window.fetch; window.fetch = (...a) => { asked.push(String(a[0])); return get(...a); };`); err != nil {
		t.Fatal(err)
	}
	if err := page.Navigate(url + "/search"); err != nil {
		t.Fatal(err)
	}
	if err := page.WaitLoad(); err != nil {
		t.Fatal(err)
	}
	want := func(what, is string) {
		t.Helper()
		if got := js(t, page, focused); got != is {
			t.Errorf("%s: the focus is on %q, want %q", what, got, is)
		}
	}
	want("at first", "q")
	press(t, page, input.ArrowDown)
	want("down, where nothing was found", "q")

	write(t, page, "hold")
	shows(t, page, "ol.hits a", "Lesson holding")
	shows(t, page, "ol.hits mark", "holding")
	fits(t, page)
	for _, step := range []struct {
		key  input.Key
		want string
	}{
		{input.ArrowDown, "Lesson holding"}, {input.ArrowDown, "First"}, {input.ArrowDown, "First"},
		{input.ArrowUp, "Lesson holding"}, {input.ArrowUp, "q"}, {input.ArrowDown, "Lesson holding"}, {input.Escape, "q"},
	} {
		press(t, page, step.key)
		want("after a key", step.want)
	}

	write(t, page, " first")
	shows(t, page, "ol.hits a", "First")
	if got, want := js(t, page, `() => location.pathname + location.search + ": " + document.title`), "/search?q=hold%20first: hold first · Search"; !strings.HasPrefix(got, want) {
		t.Errorf("the page is %q, want %q", got, want)
	}
	unchanged(t, page)
	press(t, page, input.ArrowDown)
	press(t, page, input.Enter)
	eventually(t, "the lesson is shown", func() bool {
		return js(t, page, `() => location.pathname + location.hash`) == "/modules/instrument/lessons/holding#first"
	})

	if err := page.Navigate(url + "/search?q=hold"); err != nil {
		t.Fatal(err)
	}
	shows(t, page, "ol.hits a", "Lesson holding")
	want("with an answer", "body")
	press(t, page, input.Slash)
	want("a slash", "q")
	if got := js(t, page, `() => document.getElementById("q").value`); got != "hold" {
		t.Errorf("the words became %q", got)
	}
}

// fits tests that nothing is wider than the page, or outside of it.
func fits(t *testing.T, page *rod.Page) {
	t.Helper()
	got := js(t, page, `() => [document.documentElement, ...document.querySelectorAll("main *")]
		.filter((e) => e.scrollWidth > innerWidth || e.getBoundingClientRect().right > innerWidth || e.getBoundingClientRect().left < 0)
		.map((e) => e.localName).join(" ")`)
	if got != "" {
		t.Errorf("on a phone these do not fit: %s", got)
	}
}

// unchanged tests that what says the same asks for nothing. Timers end in the
// order of their times, so that one that is set later and for longer ends after
// that of the search.
func unchanged(t *testing.T, page *rod.Page) {
	t.Helper()
	const asked = `() => asked.filter((url) => url.startsWith("/search")).join(" ")`
	before := js(t, page, asked)
	write(t, page, "  ")
	js(t, page, `() => new Promise((end) => setTimeout(() => end(""), 1000))`)
	if after := js(t, page, asked); after != before || before == "" {
		t.Errorf("asked for %q, and then for %q", before, after)
	}
}
