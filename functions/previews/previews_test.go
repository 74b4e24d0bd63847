package previews_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/functions/previews"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// staff is an operator who is no author.
func staff(t *testing.T, p *platform.Platform) *platformtest.User {
	t.Helper()
	who := platformtest.Learner(t, p, "operator@example.com")
	platformtest.Exec(t, p, `UPDATE users SET roles = '{operator}' WHERE email = 'operator@example.com'`)
	return who
}

// drafted publishes a version, and one after it that readers have not.
func drafted(t *testing.T, p *platform.Platform) (had, draft version.Version) {
	t.Helper()
	had = platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding"))
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "gps")
	v.Version.Version = "2.0.0"
	v.Lessons[1].HTML += `<p><a href="/modules/instrument/lessons/holding#first">Holding</a>, <a href="/modules/instrument">all</a>,
		<a href="/modules/private_commercial/lessons/density-altitude">elsewhere</a></p>`
	return had, platformtest.Draft(t, p, v)
}

// The whole version can be walked through, and nothing of it leads to what
// readers have or counts as reading.
func TestPreview(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	_, draft := drafted(t, p)
	who, home := staff(t, p), "/previews/"+draft.ID.String()

	got, doc := platformtest.Page(t, p, previews.Routes(p), who, home)
	if n := doc.Find(`a[href="` + home + `/lessons/gps"]`).Length(); got.Status != http.StatusOK || n != 1 {
		t.Fatalf("the outline: %d, %d links to the lesson: %s", got.Status, n, got.Body)
	}
	for _, path := range []string{home, home + "/lessons/gps"} {
		got, doc := platformtest.Page(t, p, previews.Routes(p), who, path)
		if strip := doc.Find(".notice").Last().Text(); !strings.Contains(strip, "Preview of 2.0.0: not active") {
			t.Errorf("%s: the strip says %q", path, strip)
		}
		if robots, _ := doc.Find(`meta[name="robots"]`).Attr("content"); robots != "noindex" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: robots %q, %v", path, robots, got.Header)
		}
	}

	got, doc = platformtest.Page(t, p, previews.Routes(p), who, home+"/lessons/gps")
	if !strings.Contains(doc.Find(".prose").Text(), "Words of gps") {
		t.Error(got.Body)
	}
	if doc.Find("[data-lesson], [data-module], main form").Length() != 0 {
		t.Errorf("reading would count: %s", got.Body)
	}
	for _, a := range doc.Find("main a").EachIter() {
		if href, _ := a.Attr("href"); strings.HasPrefix(href, "/modules/instrument") {
			t.Errorf("%q leads to what readers have", href)
		}
	}
	for _, href := range []string{home + "/lessons/holding#first", home, home + "/lessons/holding", "/modules/private_commercial/lessons/density-altitude"} {
		if doc.Find(`main a[href="`+href+`"]`).Length() == 0 {
			t.Errorf("no link to %s", href)
		}
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	had, draft := drafted(t, p)
	who, ana := staff(t, p), platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	for _, tc := range []struct {
		name, path string
		who        *platformtest.User
		status     int
		to         string
	}{
		{"a version that readers have", had.ID.String(), who, http.StatusSeeOther, "/modules/instrument"},
		{"a lesson that readers have", had.ID.String() + "/lessons/holding", who, http.StatusSeeOther, "/modules/instrument/lessons/holding"},
		{"no such lesson there", had.ID.String() + "/lessons/gps", who, http.StatusNotFound, ""},
		{"no such lesson", draft.ID.String() + "/lessons/ndb", who, http.StatusNotFound, ""},
		{"no such version", uuid.NewString(), who, http.StatusNotFound, ""},
		{"no id", "2.0.0", who, http.StatusNotFound, ""},
		{"a reader", draft.ID.String(), ana, http.StatusNotFound, ""},
		{"a reader of a lesson", draft.ID.String() + "/lessons/gps", ana, http.StatusNotFound, ""},
		{"nobody", draft.ID.String() + "/lessons/gps", nil, http.StatusUnauthorized, ""},
	} {
		got := platformtest.Call(t, p, previews.Routes(p), tc.who, "GET", "/previews/"+tc.path, nil)
		if got.Status != tc.status || got.Header.Get("Location") != tc.to || strings.Contains(got.Body, platformtest.Canary) {
			t.Errorf("%s: %d to %q, want %d to %q", tc.name, got.Status, got.Header.Get("Location"), tc.status, tc.to)
		}
	}
}
