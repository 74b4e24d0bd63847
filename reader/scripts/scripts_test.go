// Package scripts_test runs the scripts in a real Chromium, against the real
// functions.
package scripts_test

import (
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/google/uuid"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestScripts(t *testing.T) {
	t.Parallel()

	// Tests run one after the other in it, as only one tab can be in front.
	b := chromium.Start(t)
	s := open(t)
	for name, test := range map[string]func(*testing.T, *rod.Browser, *site, *platformtest.User){
		"reading is told":                         told,
		"a hidden tab is not read":                hidden,
		"nobody there is not reading":             idle,
		"a closed tab tells the rest":             closed,
		"what was not taken is sent again":        resent,
		"what was too much is sent later":         limited,
		"what waits is sent by the next page":     left,
		"a session that ends keeps what waits":    ended,
		"nothing is told of who is not signed in": signedOut,
		"the finish form marks the lesson":        marked,
		"what was seen is told as it is left":     viewed,
		"who is not to be followed is not":        unfollowed,
	} {
		t.Run(name, func(t *testing.T) {
			s.down.Store(false)
			s.full.Store(false)
			test(t, b, s, platformtest.Learner(t, s.Platform, uuid.NewString()+"@example.com"))
		})
	}
}

// waiting returns the kinds of events that are in the browser.
const waiting = `() => Object.keys(localStorage).filter((k) => k.startsWith("study:event:")).map((k) => JSON.parse(localStorage.getItem(k)).kind).sort().join()`

func told(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "300")
	shows(t, page, "[data-account]", ana.Email)
	eventually(t, "three beats", func() bool {
		page.Mouse.MustScroll(0, 10)
		return len(s.events(t, ana.ID, "read")) >= 3
	})
	shows(t, page, "[data-sync]", "Everything saved")
	if opened := s.events(t, ana.ID, "open"); len(opened) != 1 || opened[0].Lesson != "lift" || opened[0].Version != "1.0.0" || len(opened[0].Device) != 36 {
		t.Errorf("opened: %+v", opened)
	}
	var before kept
	for n, e := range s.events(t, ana.ID, "read") {
		from := e.At.Add(-time.Duration(e.ActiveMS) * time.Millisecond)
		if e.ActiveMS <= 0 || n > 0 && from.Before(before.At) {
			t.Errorf("%+v overlaps %+v", e, before)
		}
		before = e
	}
	eventually(t, "nothing waits", func() bool { return js(t, page, waiting) == "" })
}

func hidden(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "200")
	eventually(t, "a beat", func() bool { return len(s.events(t, ana.ID, "read")) > 0 })
	other := tab(t, page.Browser(), "about:blank")
	eventually(t, "the tab is hidden", func() bool { return js(t, page, `() => document.visibilityState`) == "hidden" })
	gone := time.Now()
	js(t, page, `() => new Promise((done) => setTimeout(() => { dispatchEvent(new Event("scroll")); setTimeout(() => done("")) }, 1000))`)
	back := time.Now()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := page.Activate(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a beat after it is back", func() bool {
		all := s.events(t, ana.ID, "read")
		return all[len(all)-1].At.After(back)
	})
	for _, e := range s.events(t, ana.ID, "read") {
		from := e.At.Add(-time.Duration(e.ActiveMS) * time.Millisecond)
		if e.At.After(gone) && from.Before(back.Truncate(time.Millisecond)) {
			t.Errorf("%+v was counted between %v and %v", e, gone, back)
		}
	}
	if n := len(s.events(t, ana.ID, "open")); n != 1 {
		t.Errorf("opened %d times", n)
	}
}

// Without a sign of somebody, reading ends after two beats.
func idle(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "200")
	js(t, page, `() => new Promise((done) => setTimeout(() => done(""), 1500))`)
	eventually(t, "what was read is told", func() bool { return js(t, page, waiting) == "" && len(s.events(t, ana.ID, "read")) > 0 })
	total := 0
	for _, e := range s.events(t, ana.ID, "read") {
		total += e.ActiveMS
	}
	if total != 400 {
		t.Errorf("read for %d ms, want 400", total)
	}
}

func closed(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "60000")
	eventually(t, "opened", func() bool { return len(s.events(t, ana.ID, "open")) == 1 })
	if err := page.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rest arrives", func() bool { return len(s.events(t, ana.ID, "read")) == 1 })
	if e := s.events(t, ana.ID, "read")[0]; e.ActiveMS <= 0 {
		t.Errorf("read: %+v", e)
	}
}

func resent(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	s.down.Store(true)
	page := s.visit(t, b, ana, "60000")
	shows(t, page, "[data-sync]", "1 waiting to be saved")
	if n := len(s.events(t, ana.ID, "open")); n != 0 {
		t.Fatalf("%d events are there already", n)
	}
	s.down.Store(false)
	shows(t, page, "[data-sync]", "Everything saved")
	if n := len(s.events(t, ana.ID, "open")); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// limited is told to wait, and does, whatever happens on the page meanwhile.
func limited(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	s.full.Store(true)
	page := s.visit(t, b, ana, "60000")
	shows(t, page, "[data-sync]", "1 waiting to be saved")
	before := s.told.Load()
	js(t, page, `async () => {
		dispatchEvent(new Event("online"));
		dispatchEvent(new Event("online"));
		await fetch(location.href); // the server has had what was sent before
		return "";
	}`)
	if n := s.told.Load() - before; n != 0 {
		t.Errorf("it asked %d times, though it was told to wait", n)
	}
	if got := js(t, page, waiting); got != "open" {
		t.Errorf("waiting: %q", got)
	}
	s.full.Store(false)
	if err := page.Reload(); err != nil {
		t.Fatal(err)
	}
	shows(t, page, "[data-sync]", "Everything saved")
	if n := len(s.events(t, ana.ID, "open")); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func left(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	s.down.Store(true)
	page := s.visit(t, b, ana, "60000")
	shows(t, page, "[data-sync]", "1 waiting to be saved")
	own := page.Browser()
	keep := tab(t, own, "about:blank")
	if err := page.Close(); err != nil {
		t.Fatal(err)
	}
	s.down.Store(false)
	next := tab(t, own, s.url+"/lesson/60000")
	eventually(t, "both openings and the first one's reading", func() bool {
		return len(s.events(t, ana.ID, "open")) == 2 && len(s.events(t, ana.ID, "read")) == 1
	})
	shows(t, next, "[data-sync]", "Everything saved")
	_ = keep.Close()
}

func ended(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	s.down.Store(true)
	page := s.visit(t, b, ana, "60000")
	shows(t, page, "[data-sync]", "1 waiting to be saved")
	if _, err := s.DB.Exec(t.Context(), `DELETE FROM sessions WHERE user_id = $1`, ana.ID); err != nil {
		t.Fatal(err)
	}
	s.Memory.Drop(func(string, any) bool { return true })
	s.down.Store(false)
	if err := page.Reload(); err != nil {
		t.Fatal(err)
	}
	shows(t, page, "[data-account]", "Sign in")
	// The opening waits, and the reading until the reload; the signed-out page
	// adds nothing.
	if got := js(t, page, waiting); got != "open,read" {
		t.Errorf("waiting: %q", got)
	}
	if n := len(s.events(t, ana.ID, "open")); n != 0 {
		t.Errorf("%d events were taken", n)
	}
}

func signedOut(t *testing.T, b *rod.Browser, s *site, _ *platformtest.User) {
	page := s.visit(t, b, nil, "100")
	shows(t, page, "[data-account]", "Sign in")
	if got, want := js(t, page, `() => document.querySelector("[data-account]").getAttribute("href")`), "/signin?next=%2Flesson%2F100"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if page.MustElement("form button").MustVisible() || !page.MustElement("[data-signed-out]").MustVisible() {
		t.Error("who is not signed in can finish a lesson")
	}
	js(t, page, `() => new Promise((done) => setTimeout(() => done(""), 500))`)
	if err := page.Reload(); err != nil {
		t.Fatal(err)
	}
	shows(t, page, "[data-account]", "Sign in")
	if got := js(t, page, `() => Object.keys(localStorage).join()`); got != "" {
		t.Errorf("kept %s", got)
	}
	if n := s.anon.Load(); n != 0 {
		t.Errorf("%d requests with events", n)
	}
}

func marked(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "60000")
	shows(t, page, "[data-sync]", "Everything saved")
	if page.MustElement("[data-signed-out]").MustVisible() {
		t.Error("who is signed in is asked to sign in")
	}
	wait := page.WaitNavigation("load")
	page.MustElement("form button").MustClick()
	wait()
	shows(t, page, "[data-lesson-mark=lift]", "✓ Finished")
	if got := js(t, page, `() => document.querySelector("[data-lesson-mark=lift] span").getAttribute("aria-label")`); got != "Finished" {
		t.Errorf("aria-label %q", got)
	}
	if got := js(t, page, `() => document.querySelector("[data-lesson-mark=drag]").textContent`); got != "" {
		t.Errorf("the other lesson is marked %q", got)
	}
}
