package lesson_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/lesson"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/platformtest"
)

// Links to lessons of former versions lead to what these have become.
func TestForward(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor", "ndb"))
	for _, step := range []struct{ number, id, from, retired string }{
		{"2.0.0", "radials", "vor", "ndb"}, {"3.0.0", "tracking", "radials", "adf"},
	} {
		v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", step.id)
		v.Version.Version, v.Former = step.number, []version.Former{{ID: step.from, Moved: step.id}, {ID: step.retired}}
		platformtest.Publish(t, p, v)
	}
	for _, tc := range []struct {
		path, to string
		status   int
	}{
		{"/modules/instrument/lessons/vor", "/modules/instrument/lessons/tracking", http.StatusMovedPermanently},
		{"/modules/instrument/lessons/radials", "/modules/instrument/lessons/tracking", http.StatusMovedPermanently},
		{"/api/modules/instrument/lessons/vor", "/api/modules/instrument/lessons/tracking", http.StatusMovedPermanently},
		{"/modules/instrument/lessons/ndb", "/modules/instrument?retired", http.StatusMovedPermanently},
		{"/api/modules/instrument/lessons/ndb", "", http.StatusNotFound},
		{"/modules/instrument/lessons/never", "", http.StatusNotFound},
		{"/modules/private_commercial/lessons/vor", "", http.StatusNotFound},
		{"/modules/instrument/lessons/holding", "", http.StatusOK},
	} {
		r := platformtest.Request(t, nil, "GET", tc.path, nil)
		if !strings.HasPrefix(tc.path, "/api/") {
			r.Header.Set("Accept", "text/html")
		}
		got := platformtest.Send(t, p, lesson.Routes(p), r)
		if got.Status != tc.status || got.Header.Get("Location") != tc.to {
			t.Errorf("%s: %d to %q, want %d to %q", tc.path, got.Status, got.Header.Get("Location"), tc.status, tc.to)
		}
	}
}
