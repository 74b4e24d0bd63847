package chromium

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/handbook/account"
)

// patience bounds a wait for something that must happen.
const patience = 30 * time.Second

// Screen is a size in pixels of CSS, and light or dark.
type Screen struct {
	Width, Height int
	Scheme        string
}

// Phone and Desk are the screens that every page must fit.
func Phone(scheme string) Screen { return Screen{390, 844, scheme} }

// Desk is that of a computer.
func Desk(scheme string) Screen { return Screen{1280, 900, scheme} }

// Tab returns a tab of a browser of its own, in which the session of secret is
// signed in to site, and nobody where it is "".
func Tab(t testing.TB, b *rod.Browser, site, secret string, s Screen) *rod.Page {
	t.Helper()
	own, err := b.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // a browser may hang on it
		_ = proto.TargetDisposeBrowserContext{BrowserContextID: own.BrowserContextID}.Call(b.Timeout(10 * time.Second))
	})
	page, err := own.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		err = page.SetCookies([]*proto.NetworkCookieParam{{Name: account.SessionCookie, Value: secret, URL: site, HTTPOnly: true}})
	}
	if err == nil {
		err = page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: s.Width, Height: s.Height, DeviceScaleFactor: 1, Mobile: s.Width < 500})
	}
	if err == nil {
		err = proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: s.Scheme}}}.Call(page)
	}
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// Visit opens an address, and waits until it is loaded.
func Visit(t testing.TB, page *rod.Page, url string) {
	t.Helper()
	err := page.Navigate(url)
	if err == nil {
		err = page.WaitLoad()
	}
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// Click presses what it waits to see.
func Click(t testing.TB, page *rod.Page, selector string) {
	t.Helper()
	e, err := page.Timeout(patience).Element(selector)
	if err == nil {
		err = e.WaitVisible()
	}
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		t.Fatalf("click %s: %v\nThe page: %s", selector, err, text(page))
	}
}

// Follow presses what leads to another page, and waits until that is loaded.
func Follow(t testing.TB, page *rod.Page, selector string) {
	t.Helper()
	wait := page.Timeout(patience).WaitNavigation(proto.PageLifecycleEventNameLoad)
	Click(t, page, selector)
	wait()
}

// Type puts a text in the place of what a field holds.
func Type(t testing.TB, page *rod.Page, selector, typed string) {
	t.Helper()
	e, err := page.Timeout(patience).Element(selector)
	if err == nil {
		err = e.SelectAllText()
	}
	if err == nil {
		err = e.Input(typed)
	}
	if err != nil {
		t.Fatalf("type into %s: %v\nThe page: %s", selector, err, text(page))
	}
}

// Choose chooses what a list names so.
func Choose(t testing.TB, page *rod.Page, selector, option string) {
	t.Helper()
	e, err := page.Timeout(patience).Element(selector)
	if err == nil {
		err = e.Select([]string{option}, true, rod.SelectorTypeText)
	}
	if err != nil {
		t.Fatalf("choose %q of %s: %v\nThe page: %s", option, selector, err, text(page))
	}
}

// Shows waits until an element is there whose text has a pattern.
func Shows(t testing.TB, page *rod.Page, selector, pattern string) {
	t.Helper()
	if _, err := page.Timeout(patience).ElementR(selector, pattern); err != nil {
		t.Fatalf("%s never shows %q: %v\nThe page: %s", selector, pattern, err, text(page))
	}
}

// Eval returns what a function of JavaScript returns in the page, as text.
func Eval(t testing.TB, page *rod.Page, function string) string {
	t.Helper()
	v, err := page.Eval(function)
	if err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	return v.Value.String()
}

// Eventually waits until a function of JavaScript returns true in the page,
// whatever it is that is shown by then.
func Eventually(t testing.TB, page *rod.Page, what, function string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if v, err := page.Eval(function); err == nil && v.Value.Bool() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never: %s\nThe page: %s", what, text(page))
		}
	}
}

// text returns what a page shows.
func text(page *rod.Page) string {
	v, err := page.Eval(`() => (document.querySelector("main") ?? document.body).innerText`)
	if err != nil {
		return err.Error()
	}
	return v.Value.String()
}

// unfit says what of a page is not as it must be on every screen.
const unfit = `() => {
	const root = document.documentElement, wrong = [], name = (e) => (e.id ? "#" + e.id : e.textContent.trim() || e.outerHTML).slice(0, 60)
	if (root.scrollWidth > root.clientWidth) {
		const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".table, pre, .code, .formula, .tablist, .crumbs")).map(name)
		wrong.push(root.scrollWidth - root.clientWidth + " pixels wider than the screen: " + wide.slice(0, 3).join(", "))
	}
	const control = "main :is(a[href], button, input:not([type=hidden]), select, textarea, summary)"
	const folded = (e) => e.closest("[hidden], details:not([open])") && !e.matches("details > summary:first-child")
	for (const e of document.querySelectorAll(control)) {
		if (folded(e) || e.closest(".crumbs, .toc")) continue // of these a small screen shows less
		const box = e.getBoundingClientRect()
		if (box.width < 1 || box.height < 1) wrong.push("not seen: " + name(e))
		else if (!e.closest(".table, pre") && (box.left < -1 || box.right > root.clientWidth + 1)) wrong.push("out of sight: " + name(e))
	}
	return wrong.join("; ")
}`

// Fits complains of a page that is wider than its screen, or has controls that
// are out of sight.
func Fits(t testing.TB, page *rod.Page) {
	t.Helper()
	if wrong := Eval(t, page, unfit); wrong != "" {
		t.Errorf("%s: %s", Eval(t, page, `() => location.pathname + location.search`), wrong)
	}
}

// Picture keeps what a page looks like, for people, in the folder that SCREENS
// names.
func Picture(t testing.TB, page *rod.Page, name string) {
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

// Listen collects what a page's console says: errors of scripts, what could
// not be loaded, and what the security policy forbids. What it returns takes
// what was said since.
func Listen(t testing.TB, page *rod.Page) (said func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	add := func(parts ...string) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, strings.Join(parts, " "))
	}
	if err := (proto.LogEnable{}).Call(page); err != nil {
		t.Fatal(err)
	}
	wait := page.EachEvent(
		func(e *proto.LogEntryAdded) { add(string(e.Entry.Level), e.Entry.Text, e.Entry.URL) },
		func(e *proto.RuntimeExceptionThrown) { add("exception", e.ExceptionDetails.Text) },
		func(e *proto.RuntimeConsoleAPICalled) { add("console", string(e.Type)) },
	)
	go wait()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		taken := all
		all = nil
		return taken
	}
}
