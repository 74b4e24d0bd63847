package functions_test

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/go-rod/rod"

	"pilothandbook/functions"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/platform/web"
)

// unseen reports whether a route is no page of ours: what programs ask, files,
// and what others draw.
func unseen(route web.Route) bool {
	if route.Method != http.MethodGet {
		return true
	}
	for _, prefix := range []string{"/api/", "/assets/", "/media/", "/metrics", "/robots.txt", "/admin/queues/", "/admin/sales.csv"} {
		if strings.HasPrefix(route.Path, prefix) {
			return true
		}
	}
	return strings.HasSuffix(route.Path, "/receipt")
}

// asked is what pages are asked for that show little without.
func asked() map[string]string {
	return map[string]string{
		"/search": "?q=words", "/versions/:module/diff": "?from=1.0.0&to=1.1.0", "/admin/people": "?q=owner", "/signin/:request": "", "/admin": "?days=7",
	}
}

// TestScreens opens every page in a browser, on a phone and on a desk: it fits,
// all that can be pressed is in sight, and the console has nothing to say.
// With SCREENS, which names a folder for pictures, by day and by night.
func TestScreens(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	cfg := platformtest.Config(t)
	till := platformtest.OpenTill(t, cfg)
	w := furnished(t, platformtest.Serve(t, cfg, functions.All), till)
	screens := []chromium.Screen{chromium.Phone("dark"), chromium.Desk("light")}
	if os.Getenv("SCREENS") != "" {
		screens = append(screens, chromium.Phone("light"), chromium.Desk("dark"))
	}
	for _, s := range screens {
		pages, said := map[string]*rod.Page{}, map[string]func() []string{} // by role
		for _, route := range w.routes {
			if unseen(route) {
				continue
			}
			role := owner
			switch route.Access {
			case web.Operator, web.Staff:
				role = operator
			case web.Author:
				role = author
			}
			if pages[role] == nil {
				pages[role] = chromium.Tab(t, b, w.p.Config.AuthURL, w.people[role].Secret, s)
				said[role] = chromium.Listen(t, pages[role])
			}
			page := pages[role]
			chromium.Visit(t, page, w.p.Config.AuthURL+w.path(t, route)+asked()[route.Path])
			chromium.Fits(t, page)
			if got := said[role](); len(got) > 0 {
				t.Errorf("%s at %d: %q", route.Path, s.Width, got)
			}
			chromium.Picture(t, page, strings.NewReplacer("/", "_", ":", "").Replace(route.Path)+"-"+strconv.Itoa(s.Width)+"-"+s.Scheme)
		}
	}
}
