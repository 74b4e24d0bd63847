package reports_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/reports"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// The reports: ana's, one of somebody signed out about a lesson that is gone
// from the edition that readers have, and one that is closed.
const (
	anas   = "01900000-0000-7000-8000-000000000001"
	others = "01900000-0000-7000-8000-000000000002"
	former = "01900000-0000-7000-8000-000000000003"
)

func open(t *testing.T) (p *platform.Platform, operator, ana *platformtest.User) {
	t.Helper()
	p = platformtest.New(t)
	platformtest.Shelf(t, p)
	operator, ana = platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `INSERT INTO lesson_ids (lesson_id, module_key) VALUES ('gone', 'instrument')`)
	platformtest.Exec(t, p, `
		INSERT INTO reports (id, lesson_id, version, user_id, text, closed_at) VALUES
			('`+anas+`', 'holding', '0.9.0', $1, E'The second line\n<script>alert(1)</script>', NULL),
			('`+others+`', 'gone', '0.9.0', NULL, 'The drawing is upside down.', NULL),
			('`+former+`', 'holding', '1.0.0', NULL, 'An old one.', '2026-03-01')`, ana.ID)
	return p, operator, ana
}

func read(t *testing.T, p *platform.Platform, who *platformtest.User, path string) (string, *goquery.Document) {
	t.Helper()
	a, doc := platformtest.Page(t, p, reports.Routes(p), who, path)
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), " "), doc
}

func end(t *testing.T, p *platform.Platform, who *platformtest.User, id, outcome, word string) platformtest.Answer {
	t.Helper()
	values := url.Values{"outcome": {outcome}, "word": {word}}.Encode()
	return platformtest.Send(t, p, reports.Routes(p), platformtest.Form(t, who, "/admin/reports/"+id, values))
}

func TestPage(t *testing.T) {
	t.Parallel()
	p, operator, ana := open(t)
	text, doc := read(t, p, operator, "/admin/reports")
	for _, want := range []string{
		"Edition 0.9.0; readers have 1.0.0 now", "by ana@example.com", "The second line<script>alert(1)</script>",
		"gone Edition 0.9.0, and readers have this lesson no more", "by nobody who is known", "The drawing is upside down.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, "An old one") || doc.Find("main form").Length() != 2 || doc.Find("a[href='/modules/instrument/lessons/holding']").Length() != 1 || doc.Find("a[href='/admin/people/"+ana.ID.String()+"']").Length() != 1 {
		t.Errorf("forms or ways are missing: %s", text)
	}
	if text, doc := read(t, p, operator, "/admin/reports?state=closed"); !strings.Contains(text, "An old one. Closed on 1 March 2026") || doc.Find("main form").Length() != 0 {
		t.Errorf("closed: %s", text)
	}
	platformtest.Exec(t, p, `DELETE FROM users WHERE id = $1`, ana.ID)
	if text, _ := read(t, p, operator, "/admin/reports"); strings.Contains(text, "ana@") || strings.Count(text, "by nobody who is known") != 2 {
		t.Errorf("of a deleted account: %s", text)
	}
	platformtest.Exec(t, p, `DELETE FROM reports`)
	for path, want := range map[string]string{"": "No report is open", "?state=closed": "No report was closed yet", "?before=" + anas: "There are no older reports"} {
		if text, _ := read(t, p, operator, "/admin/reports"+path); !strings.Contains(text, want) {
			t.Errorf("%q without any: %s", path, text)
		}
	}
	if a := platformtest.Call(t, p, reports.Routes(p), operator, "GET", "/admin/reports?before=x", nil); a.Status != http.StatusNotFound {
		t.Errorf("no such page: %d", a.Status)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	p, operator, _ := open(t)
	platformtest.Exec(t, p, `INSERT INTO reports (id, lesson_id, version, text) SELECT gen_random_uuid(), 'holding', '1.0.0', 'Number ' || n FROM generate_series(1, 118) AS n`)
	seen, pages := 0, 0
	for path := "/admin/reports"; path != ""; pages++ {
		_, doc := read(t, p, operator, path)
		seen += doc.Find("ol.rows > li").Length()
		path = doc.Find("a[rel=next]").AttrOr("href", "")
	}
	if seen != 120 || pages != 3 {
		t.Errorf("%d reports on %d pages", seen, pages)
	}
}

// What is wrong with a form of a later page is told there, with what was typed.
func TestLaterPage(t *testing.T) {
	t.Parallel()
	p, operator, _ := open(t)
	platformtest.Exec(t, p, `INSERT INTO reports (id, lesson_id, version, text) SELECT gen_random_uuid(), 'holding', '1.0.0', 'Number ' || n FROM generate_series(1, 60) AS n`)
	_, doc := read(t, p, operator, "/admin/reports")
	_, doc = read(t, p, operator, doc.Find("a[rel=next]").AttrOr("href", ""))
	action := doc.Find("main form[method=post]").Last().AttrOr("action", "")
	a := platformtest.Send(t, p, reports.Routes(p), platformtest.Form(t, operator, action, "outcome=&word=the+sign+was+wrong"))
	doc = platformtest.Parse(t, a.Body)
	if a.Status != http.StatusBadRequest || doc.Find("#outcome-error").Length() != 1 || doc.Find("details[open] [name=word]").AttrOr("value", "") != "the sign was wrong" {
		t.Errorf("%s: %d %s", action, a.Status, platformtest.Gist(doc))
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	p, operator, ana := open(t)
	for _, tc := range []struct {
		name, id, outcome, word string
		status                  int
		field                   string
	}{
		{"no outcome", anas, "", "the sign was wrong", 400, "outcome"},
		{"another outcome", anas, "ignored", "the sign was wrong", 400, "outcome"},
		{"no word", anas, "mended", " ", 400, "word"},
		{"too long a word", anas, "mended", strings.Repeat("é", 301), 400, "word"},
		{"no text", anas, "mended", "a\x00", 400, "word"},
		{"no id", "x", "mended", "the sign was wrong", 404, ""},
		{"no report", uuid.NewString(), "mended", "the sign was wrong", 404, ""},
		{"closed", former, "mended", "the sign was wrong", 409, ""},
	} {
		a := end(t, p, operator, tc.id, tc.outcome, tc.word)
		doc := platformtest.Parse(t, a.Body)
		if a.Status != tc.status || tc.field != "" && doc.Find("details[open] [name="+tc.field+"][aria-invalid=true]").Length() != 1 {
			t.Errorf("%s: %d %s", tc.name, a.Status, platformtest.Gist(doc))
		}
		if tc.field != "" && doc.Find("details[open] [name=word]").AttrOr("value", "") != strings.ReplaceAll(tc.word, "\x00", "\uFFFD") {
			t.Errorf("%s: what was typed is lost", tc.name)
		}
	}
	if a := end(t, p, ana, anas, "mended", "by myself"); a.Status != http.StatusForbidden {
		t.Errorf("a reader: %d", a.Status)
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM reports WHERE closed_at IS NULL`); n != "2" {
		t.Errorf("%s reports are open", n)
	}
	if a := end(t, p, operator, anas, "mended", " The sign <b> was\nwrong. "); a.Header.Get("Location") != "/admin/reports?saved" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := end(t, p, operator, anas, "no error", "it is right"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "Somebody has closed this report already") {
		t.Errorf("a second time: %d", a.Status)
	}
	if text, _ := read(t, p, operator, "/admin/reports?saved"); !strings.Contains(text, "It is closed") || strings.Contains(text, "The second line") {
		t.Errorf("afterwards: %s", text)
	}
	if text, _ := read(t, p, operator, "/admin/reports?state=closed"); !strings.Contains(text, "mended") || !strings.Contains(text, ": The sign <b> was wrong.") {
		t.Errorf("the closed ones: %s", text)
	}
	got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', actor = $1, action, subject, detail), '; ') FROM audit_log WHERE action LIKE 'report%'`, operator.ID)
	if want := `t report closed report:` + anas + ` {"outcome": "mended"}`; got != want {
		t.Errorf("the record says %s, want %s", got, want)
	}
}
