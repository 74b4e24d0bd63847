package scripts_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/functions/asset"
	"pilothandbook/functions/changes"
	"pilothandbook/functions/events"
	"pilothandbook/functions/lesson"
	"pilothandbook/functions/media"
	"pilothandbook/functions/module"
	"pilothandbook/functions/progress"
	"pilothandbook/functions/session"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
)

// watch adds up by how much what is seen jumps, from the start of the page.
const watch = `window.shifted = 0; window.jumped = [];
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
	window.shifted += e.value;
	e.sources.forEach((s) => window.jumped.push((s.node?.outerHTML ?? s.node?.textContent ?? "").slice(0, 80)));
})).observe({ type: "layout-shift", buffered: true });`

// A lesson that is everybody's stands still while the name of its reader comes
// in, and has nothing to complain of in the console, signed in or not.
func TestSteady(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	s := shelf(t)
	p := s.Platform
	short, long := platformtest.Learner(t, p, "a@b.example"), platformtest.Learner(t, p, "somebody-with-a-very-long-address@a-long-domain.example.com")
	for _, sql := range []string{
		`UPDATE users SET name = 'Al' WHERE id = $1`,
		`INSERT INTO progress (id, user_id, lesson_id, completed) VALUES (gen_random_uuid(), $1, 'holding', true)`,
	} {
		if _, err := p.DB.Exec(t.Context(), sql, short.ID); err != nil {
			t.Fatal(err)
		}
	}
	again := changed(t, p)
	for _, tc := range []struct {
		name, account string
		who           *platformtest.User
		told          string
	}{{"signed out", "Sign in", nil, ""}, {"a short name", "Al", short, ""}, {"a long one", long.Email, long, ""}, {"who read it before", again.Email, again, change}} {
		for _, width := range []int{390, 1280} {
			page := s.visit(t, b, tc.who, "")
			if err := page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: 844, DeviceScaleFactor: 1}); err != nil {
				t.Fatal(err)
			}
			complaints := chromium.Listen(t, page)
			if _, err := page.EvalOnNewDocument(watch); err != nil {
				t.Fatal(err)
			}
			if err := page.Navigate(s.url + "/modules/instrument/lessons/holding"); err != nil {
				t.Fatal(err)
			}
			shows(t, page, "[data-account]", tc.account)
			shows(t, page, "[data-changed]", tc.told)
			js(t, page, `() => new Promise((done) => setTimeout(() => done(""), 500))`)
			if got := js(t, page, `() => window.shifted < 0.001 ? "" : window.shifted + " " + window.jumped.join("\n")`); got != "" {
				t.Errorf("%s, %d pixels wide: the page shifts by %s", tc.name, width, got)
			}
			if all := complaints(); len(all) != 0 {
				t.Errorf("%s, %d pixels wide: the console says %q", tc.name, width, all)
			}
			if got := js(t, page, `() => document.documentElement.scrollWidth > innerWidth ? "yes" : ""`); got != "" {
				t.Errorf("%s, %d pixels wide: the page scrolls sideways", tc.name, width)
			}
		}
	}
}

// shelf serves a lesson as it is served to readers.
func shelf(t *testing.T) *site {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	server := httptest.NewServer(router.New(p, slices.Concat(
		asset.Routes(p), changes.Routes(p), events.Routes(p), lesson.Routes(p), media.Routes(p),
		module.Routes(p), progress.Routes(p), session.Routes(p))...))
	t.Cleanup(server.Close)
	return &site{Platform: p, url: server.URL}
}
