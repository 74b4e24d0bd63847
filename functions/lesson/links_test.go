package lesson_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions"
	"pilothandbook/platform/platformtest"
)

// TestLinks follows every link of the site from the catalogue on, and looks
// where forms lead.
func TestLinks(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	for name, who := range map[string]*platformtest.User{"signed in": ana, "signed out": nil} {
		waiting, seen := []string{"GET /", "GET /nowhere"}, map[string]bool{}
		for len(waiting) > 0 {
			link := waiting[0]
			waiting = waiting[1:]
			if seen[link] || len(seen) > 200 {
				continue
			}
			seen[link] = true
			method, path, _ := strings.Cut(link, " ")
			r := platformtest.Request(t, who, method, path, nil)
			r.Header.Set("Accept", "text/html")
			if method == http.MethodPost { // is refused for that alone, if there is a route
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}
			got := platformtest.Send(t, p, functions.All(p), r)
			if (got.Status == http.StatusNotFound && path != "/nowhere") || got.Status == http.StatusMethodNotAllowed || got.Status >= 500 {
				t.Errorf("%s: %s leads nowhere: %d", name, link, got.Status)
			}
			if strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
				waiting = append(waiting, platformtest.Links(platformtest.Parse(t, got.Body))...)
			}
		}
		if len(seen) < 20 {
			t.Errorf("%s: only %d links", name, len(seen))
		}
	}
}
