package changes_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/changes"
	"pilothandbook/functions/module"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// edition publishes one; the paid lesson says what it is told, the free one
// differs in its markup alone.
func edition(t *testing.T, p *platform.Platform, number, id, text string, former ...version.Former) {
	t.Helper()
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", id)
	v.Version.Version, v.Former = number, former
	v.Lessons[0].HTML = strings.Replace(v.Lessons[0].HTML, "<p>", `<p class="`+strings.ReplaceAll(number, ".", "-")+`">`, 1)
	v.Lessons[1].HTML = "<p>The needle " + text + ".</p>"
	platformtest.Publish(t, p, v)
}

// Who read the lesson in an older version learns what changed, word by word,
// under the id that it has now; from the outline too.
func TestChangedSinceRead(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	edition(t, p, "1.0.0", "vor", "points to the station")
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Exec(t, p, `UPDATE activations SET at = now() - interval '9 days'`)
	const read = `INSERT INTO progress (id, user_id, lesson_id, completed, completed_at) SELECT gen_random_uuid(), id, l, true, now() - interval '5 days' FROM users, `
	platformtest.Exec(t, p, read+`unnest('{holding,vor}'::text[]) l WHERE email = 'ana@example.com'`)

	path := "/modules/instrument/lessons/vor/changes"
	got, doc := platformtest.Page(t, p, changes.Routes(p), ana, path)
	if text := doc.Find("main").Text(); got.Status != http.StatusOK || !strings.Contains(text, "Nothing has changed") {
		t.Errorf("before: %d %s", got.Status, text)
	}
	edition(t, p, "2.0.0", "radials", "points from the station", version.Former{ID: "vor", Moved: "radials"})
	platformtest.Exec(t, p, read+`unnest('{radials}'::text[]) l WHERE email = 'ana@example.com'`) // as sync-progress does

	path = "/modules/instrument/lessons/radials/changes"
	_, doc = platformtest.Page(t, p, changes.Routes(p), ana, path)
	if del, ins := doc.Find("p del").Last().Text(), doc.Find("p ins").Last().Text(); del != "to" || ins != "from" {
		t.Errorf("gone %q, came %q: %s", del, ins, doc.Find("main").Text())
	}
	_, doc = platformtest.Page(t, p, module.Routes(p), ana, "/modules/instrument")
	links := doc.Find(`a[href*="/changes"]`)
	if href, _ := links.Attr("href"); links.Length() != 1 || href != path+"?since=1.0.0" {
		t.Errorf("the outline has %d links to changes, the first to %q", links.Length(), href)
	}
	got = platformtest.Call(t, p, changes.Routes(p), ana, "GET", "/api"+path+"?since=1.0.0", nil)
	if !strings.Contains(got.Body, `{"op":"deleted","text":"to"}`) {
		t.Errorf("as JSON: %d %s", got.Status, got.Body)
	}

	// Once it is read again the new text is what was read.
	platformtest.Exec(t, p, `UPDATE activations SET at = now() - interval '2 days' WHERE at > now() - interval '1 day'`)
	platformtest.Exec(t, p, `UPDATE progress SET active = tstzmultirange(tstzrange(now() - interval '30 minutes', now()))`)
	if _, doc := platformtest.Page(t, p, module.Routes(p), ana, "/modules/instrument"); doc.Find(`a[href*="/changes"]`).Length() != 1 {
		t.Error("reading of the last hour hides what changed")
	}
	platformtest.Exec(t, p, `UPDATE progress SET active = tstzmultirange(tstzrange(now() - interval '1 day', now() - interval '23 hours'))`)
	if _, doc := platformtest.Page(t, p, module.Routes(p), ana, "/modules/instrument"); doc.Find(`a[href*="/changes"]`).Length() != 0 {
		t.Error("what was read again is still called changed")
	}
}

func TestWhoMaySeeChanges(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ben := platformtest.Learner(t, p, "ben@example.com")
	edition(t, p, "1.0.0", "vor", "points to the station")
	edition(t, p, "2.0.0", "vor", "points from the station")
	platformtest.Exec(t, p, `UPDATE content_versions SET activated_at = NULL WHERE version = '1.0.0'`)
	for path, want := range map[string]int{
		"/modules/instrument/lessons/vor/changes":                 http.StatusPaymentRequired,
		"/modules/instrument/lessons/holding/changes":             http.StatusOK,
		"/modules/instrument/lessons/holding/changes?since=2.0.0": http.StatusOK,
		"/modules/instrument/lessons/holding/changes?since=1.0.0": http.StatusNotFound, // nobody has had it
		"/modules/instrument/lessons/holding/changes?since=%00":   http.StatusNotFound, // no text in PostgreSQL has it
		"/modules/instrument/lessons/holding/changes?since=%ff":   http.StatusNotFound,
		"/modules/instrument/lessons/never/changes":               http.StatusNotFound,
		"/modules/private_commercial/lessons/holding/changes":     http.StatusNotFound,
		"/api/modules/instrument/lessons/vor/changes?since=2.0.0": http.StatusPaymentRequired,
	} {
		if got := platformtest.Call(t, p, changes.Routes(p), ben, "GET", path, nil); got.Status != want || strings.Contains(got.Body, "needle") {
			t.Errorf("%s: %d %s, want %d", path, got.Status, got.Body, want)
		}
	}
}

// What was sold stays so when the lesson has become free.
func TestTextThatWasSold(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	edition(t, p, "1.0.0", "vor", "points to the station")
	edition(t, p, "2.0.0", "vor", "points from the station")
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Exec(t, p, `
		UPDATE lessons l
		SET preview = true
		FROM content_versions v
		WHERE v.id = l.version_id AND v.version = '2.0.0'`)
	const path = "/api/modules/instrument/lessons/vor/changes"
	for _, tc := range []struct {
		who    *platformtest.User
		path   string
		status int
		sold   bool // the text of the version that was sold is shown
	}{
		{ben, path, http.StatusOK, false},
		{ben, path + "?since=2.0.0", http.StatusOK, false},
		{ben, path + "?since=1.0.0", http.StatusPaymentRequired, false},
		{ana, path + "?since=1.0.0", http.StatusOK, true},
	} {
		got := platformtest.Call(t, p, changes.Routes(p), tc.who, "GET", tc.path, nil)
		if got.Status != tc.status || strings.Contains(got.Body, `"deleted"`) != tc.sold {
			t.Errorf("%s: %d %s, want %d", tc.path, got.Status, got.Body, tc.status)
		}
	}
}
