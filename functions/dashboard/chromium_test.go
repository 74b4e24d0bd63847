package dashboard_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/functions/asset"
	"pilothandbook/functions/session"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
)

// tab opens a page of a site as its operator, on a screen of a size and scheme.
func tab(t *testing.T, b *rod.Browser, p *platform.Platform, who *platformtest.User, width, height int, scheme string) (*rod.Page, string) {
	t.Helper()
	server := httptest.NewServer(router.New(p, slices.Concat(routes(p), asset.Routes(p), session.Routes(p))...))
	t.Cleanup(server.Close)
	own, err := b.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	page, err := own.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []func() error{
		func() error {
			return page.SetCookies([]*proto.NetworkCookieParam{{Name: account.SessionCookie, Value: who.Secret, URL: server.URL}})
		},
		func() error {
			return page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500})
		},
		func() error {
			return proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}.Call(page)
		},
	} {
		if err := set(); err != nil {
			t.Fatal(err)
		}
	}
	return page, server.URL
}

func visit(t *testing.T, page *rod.Page, url string) {
	t.Helper()
	if err := page.Navigate(url); err != nil {
		t.Fatal(err)
	}
	if err := page.WaitLoad(); err != nil {
		t.Fatal(err)
	}
}

func js(t *testing.T, page *rod.Page, function string) string {
	t.Helper()
	v, err := page.Eval(function)
	if err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	return v.Value.String()
}

// What must hold of every page, on every screen.
const (
	wider  = `() => String(document.documentElement.scrollWidth - document.documentElement.clientWidth)`
	hidden = `() => [...document.querySelectorAll("main a, main button, main input, main select")].filter((e) => e.offsetHeight < 1).length + ""`
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
	for _, screen := range []struct {
		width, height int
		scheme        string
	}{{390, 844, "light"}, {390, 844, "dark"}, {1280, 900, "light"}, {1280, 900, "dark"}} {
		page, site := tab(t, b, p, op, screen.width, screen.height, screen.scheme)
		for name, path := range map[string]string{
			"today-7": "/admin?days=7", "today-30": "/admin", "today-90": "/admin?days=90&module=instrument",
			"sales": "/admin/sales", "readers": "/admin/readers?day=2026-11-24", "lessons": "/admin/lessons?show=left", "views": "/admin/views", "checkouts": "/admin/checkouts", "wrong": "/admin/sales?from=x",
		} {
			visit(t, page, site+path)
			for what, function := range map[string]string{"wider than the screen": wider, "controls that are not seen": hidden, "bars that are not seen": flat} {
				if got := js(t, page, function); got != "0" {
					t.Errorf("%s at %d, %s: %s: %s", path, screen.width, screen.scheme, what, got)
				}
			}
			if got := js(t, page, clash); got != "" {
				t.Errorf("%s at %d: %s", path, screen.width, got)
			}
			picture(t, page, name+"-"+strconv.Itoa(screen.width)+"-"+screen.scheme)
		}
	}
}

// picture keeps what a page looks like, for people.
func picture(t *testing.T, page *rod.Page, name string) {
	t.Helper()
	folder := os.Getenv("SCREENS")
	if folder == "" {
		return
	}
	png, err := page.Screenshot(true, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestKeyboard goes from today to the rows behind the first number, and back,
// without a mouse.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	p, op := open(t)
	busy(t, p)
	page, site := tab(t, b, p, op, 1280, 900, "light")
	page = page.Timeout(time.Minute)
	visit(t, page, site+"/admin")
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
