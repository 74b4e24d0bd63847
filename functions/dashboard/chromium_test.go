package dashboard_test

import (
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"pilothandbook/functions/asset"
	"pilothandbook/functions/session"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
)

// tab opens a tab in which an operator is signed in, and returns it with the
// address of the site.
func tab(t *testing.T, b *rod.Browser, p *platform.Platform, who *platformtest.User, s chromium.Screen) (*rod.Page, string) {
	t.Helper()
	server := httptest.NewServer(router.New(p, slices.Concat(routes(p), asset.Routes(p), session.Routes(p))...))
	t.Cleanup(server.Close)
	return chromium.Tab(t, b, server.URL, who.Secret, s), server.URL
}

// What must hold of every chart, on every screen.
const (
	// Texts of charts that leave their chart, or lie on one another.
	clash = `() => [...document.querySelectorAll(".chart svg")].map((svg) => {
		const box = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")].map((e) => [e.textContent, e.getBoundingClientRect()])
		return texts.filter(([, a]) => a.left < box.left - 1 || a.right > box.right + 1 || a.top < box.top - 1 || a.bottom > box.bottom + 1).map(([text]) => text + " leaves").concat(
			texts.flatMap(([one, a], i) => texts.slice(i + 1).filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).map(([other]) => one + " on " + other)))
	}).flat().join("; ")`
	// Bars that would be as dark as the page.
	flat = `() => [...document.querySelectorAll(".chart rect")].filter((e) => getComputedStyle(e).fill === getComputedStyle(document.body).backgroundColor || e.getBoundingClientRect().width < 1).length + ""`
)

// TestScreens looks at the page and those behind it on a phone and on a desk,
// by day and by night. SCREENS names a folder for pictures of them.
func TestScreens(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	p, op := open(t)
	busy(t, p)
	for _, screen := range []chromium.Screen{chromium.Phone("light"), chromium.Phone("dark"), chromium.Desk("light"), chromium.Desk("dark")} {
		page, site := tab(t, b, p, op, screen)
		for name, path := range map[string]string{
			"today-7": "/admin?days=7", "today-30": "/admin", "today-90": "/admin?days=90&module=instrument",
			"sales": "/admin/sales", "readers": "/admin/readers?day=2026-11-24", "lessons": "/admin/lessons?show=left", "views": "/admin/views", "checkouts": "/admin/checkouts", "wrong": "/admin/sales?from=x",
		} {
			chromium.Visit(t, page, site+path)
			chromium.Fits(t, page)
			if got := chromium.Eval(t, page, flat); got != "0" {
				t.Errorf("%s at %d, %s: bars that are not seen: %s", path, screen.Width, screen.Scheme, got)
			}
			if got := chromium.Eval(t, page, clash); got != "" {
				t.Errorf("%s at %d: %s", path, screen.Width, got)
			}
			chromium.Picture(t, page, name+"-"+strconv.Itoa(screen.Width)+"-"+screen.Scheme)
		}
	}
}

// TestKeyboard goes from today to the rows behind the first number, and back,
// without a mouse.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	p, op := open(t)
	busy(t, p)
	page, site := tab(t, b, p, op, chromium.Desk("light"))
	page = page.Timeout(time.Minute)
	chromium.Visit(t, page, site+"/admin")
	follow := func(selector, title string) {
		t.Helper()
		link, err := page.Element(selector)
		if err == nil {
			err = link.Focus()
		}
		if err == nil {
			err = page.Keyboard.Type(input.Enter)
		}
		if err == nil {
			_, err = page.ElementR("h1", "^"+title+"$")
		}
		if err != nil {
			t.Fatalf("%s does not lead to %s: %v", selector, title, err)
		}
	}
	follow(".gauges .price a", "Sales")
	follow(".crumbs a", "Today")
}
