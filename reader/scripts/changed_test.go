package scripts_test

import (
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
)

const change = "Changed since you read it on 3 March 2026: Holding as it is flown now.See what changedDismiss"

// changed returns somebody who read the lesson on holding before its last
// edition.
func changed(t *testing.T, p *platform.Platform) *platformtest.User {
	t.Helper()
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `UPDATE activations SET at = '2026-01-01'`)
	platformtest.Exec(t, p, `
		INSERT INTO progress (id, user_id, lesson_id, completed, completed_at)
		SELECT gen_random_uuid(), id, 'holding', true, '2026-03-03 12:00Z'
		FROM users
		WHERE email = 'ana@example.com'`)
	edition(t, p, "2.0.0", "Holding as it is flown now.")
	return ana
}

// edition publishes another one, with other words in the lesson on holding.
func edition(t *testing.T, p *platform.Platform, number, changelog string) {
	t.Helper()
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi")
	v.Version.Version, v.Changelog, v.Checksum = number, changelog, "instrument-"+number
	v.Lessons[0].HTML = strings.Replace(v.Lessons[0].HTML, "Words of", "Words of edition "+number+" on", 1)
	platformtest.Publish(t, p, v)
}

// Who read a lesson before it changed is told so until they dismiss it, and
// again when it changes once more.
func TestChanged(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	s := shelf(t)
	ana := changed(t, s.Platform)
	page := s.visit(t, b, ana, "")
	read := func() {
		t.Helper()
		if err := page.Navigate(s.url + "/modules/instrument/lessons/holding"); err != nil {
			t.Fatal(err)
		}
		shows(t, page, "[data-account]", ana.Email)
	}
	read()
	shows(t, page, "[role=status][data-changed]", change)
	if got, want := js(t, page, `() => document.querySelector("[data-changed] a").getAttribute("href")`), "/modules/instrument/lessons/holding/changes?since=1.0.0"; got != want {
		t.Errorf("it leads to %s, want %s", got, want)
	}
	legible(t, page)

	// By keyboard: to the button, and on from the lesson.
	js(t, page, `() => document.querySelector("[data-changed] a").focus()`)
	if err := page.Keyboard.Type(input.Tab, input.Enter); err != nil {
		t.Fatal(err)
	}
	shows(t, page, "[data-changed]", "")
	if got := js(t, page, `() => document.activeElement.localName`); got != "article" {
		t.Errorf("the keyboard goes on from %s", got)
	}
	asked := page.MustWaitRequestIdle()
	read()
	asked()
	shows(t, page, "[data-changed]", "")

	edition(t, s.Platform, "3.0.0", "")
	read()
	shows(t, page, "[data-changed]", "Changed since you read it on 3 March 2026.See what changedDismiss")
}

// legible tests that the note can be seen in every scheme, and hides nothing
// that has the focus.
func legible(t *testing.T, page *rod.Page) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}).Call(page)
		if err != nil {
			t.Fatal(err)
		}
		got := js(t, page, `() => {
			const light = (css) => css.match(/[\d.]+/g).slice(0, 3)
				.map((c) => (c / 255 <= .04045 ? c / 255 / 12.92 : ((c / 255 + .055) / 1.055) ** 2.4))
				.reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
			const ground = light(getComputedStyle(document.querySelector("[data-changed]")).backgroundColor);
			return [...document.querySelectorAll("[data-changed] :is(p, a, button)")]
				.map((e) => [e.localName, light(getComputedStyle(e).color)])
				.map(([name, ink]) => [name, (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05)])
				.filter(([, contrast]) => !(contrast >= 4.5)).join("; ");
		}`)
		if got != "" {
			t.Errorf("%s: contrast %s", scheme, got)
		}
	}
	got := js(t, page, `() => {
		const last = [...document.querySelectorAll("footer a")].at(-1);
		scrollTo(0, 0);
		last.focus();
		const covered = document.querySelector("[data-changed]").getBoundingClientRect();
		const seen = last.getBoundingClientRect();
		return seen.bottom > covered.top && seen.top < covered.bottom ? "covered" : "";
	}`)
	if got != "" {
		t.Error("what has the focus is below the note")
	}
}
