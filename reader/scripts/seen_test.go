package scripts_test

import (
	"testing"

	"github.com/go-rod/rod"

	"pilothandbook/platform/platformtest"
)

// kinds lists what was told that a reader saw.
func (s *site) kinds(t *testing.T, who *platformtest.User) string {
	t.Helper()
	s.Flush()
	return platformtest.Text(t, s.Platform, `
		SELECT coalesce(string_agg(concat_ws(' ', kind, module_id, lesson_id, version), '; ' ORDER BY at), '')
		FROM analytics_events
		WHERE user_id = $1`, who.ID)
}

// leave goes to a page of nobody's.
func leave(t *testing.T, page *rod.Page) {
	t.Helper()
	if err := page.Navigate("about:blank"); err != nil {
		t.Fatal(err)
	}
}

func viewed(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "60000")
	shows(t, page, "[data-account]", ana.Email)
	if got := s.kinds(t, ana); got != "" {
		t.Errorf("told at once: %q", got)
	}
	page.MustElement("form button").MustClick()
	eventually(t, "the lesson was seen and finished", func() bool {
		return s.kinds(t, ana) == "preview-read instrument lift 1.0.0; lesson-finished instrument lift 1.0.0"
	})
	eventually(t, "the next page is there", func() bool { return js(t, page, `() => location.pathname`) == "/lesson/40000" })
	leave(t, page)
	eventually(t, "the next page was seen", func() bool {
		return s.kinds(t, ana) == "preview-read instrument lift 1.0.0; lesson-finished instrument lift 1.0.0; preview-read instrument lift 1.0.0"
	})
}

// unfollowed asks by Global Privacy Control not to be followed: nothing is sent.
func unfollowed(t *testing.T, b *rod.Browser, s *site, ana *platformtest.User) {
	page := s.visit(t, b, ana, "")
	if _, err := page.EvalOnNewDocument(`Object.defineProperty(navigator, "globalPrivacyControl", { value: true })`); err != nil {
		t.Fatal(err)
	}
	before := s.seen.Load()
	page.MustNavigate(s.url + "/lesson/60000").MustWaitLoad()
	shows(t, page, "[data-account]", ana.Email)
	leave(t, page)
	other := tab(t, page.Browser(), s.url+"/lesson/60000") // who does not ask
	shows(t, other, "[data-account]", ana.Email)
	leave(t, other)
	eventually(t, "the second one was seen", func() bool { return s.kinds(t, ana) != "" })
	if n := s.seen.Load() - before; n != 1 {
		t.Errorf("%d requests, want that of the second one", n)
	}
}
