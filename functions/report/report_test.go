package report_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pilothandbook/functions/report"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func send(t *testing.T, p *platform.Platform, who *platformtest.User, lesson, text string) platformtest.Answer {
	t.Helper()
	r := platformtest.Form(t, who, "/reports/"+lesson, url.Values{"text": {text}}.Encode())
	return platformtest.Send(t, p, report.Routes(p), r)
}

func TestReport(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	_, doc := platformtest.Page(t, p, report.Routes(p), nil, "/reports/holding")
	platformtest.Golden(t, "form.txt", platformtest.Gist(doc))

	for _, who := range []*platformtest.User{nil, ana} {
		got := send(t, p, who, "holding", "  The second line\r\nsubtracts.\x00 ")
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/reports/holding?thanks" {
			t.Fatal(got)
		}
	}
	var n, named int
	var text, version string
	err := p.DB.QueryRow(t.Context(), `SELECT count(*), count(user_id), min(text), min(version) FROM reports`).Scan(&n, &named, &text, &version)
	if err != nil || n != 2 || named != 1 || text != "The second line\nsubtracts." || version != "1.0.0" {
		t.Error(n, named, text, version, err)
	}
	err = p.DB.QueryRow(t.Context(), `SELECT count(*) FROM outbox JOIN reports r ON payload->>'report' = r.id::text WHERE kind = 'error-report'`).Scan(&n)
	if err != nil || n != 2 {
		t.Errorf("%d mails to operators, %v; want 2", n, err)
	}
	_, doc = platformtest.Page(t, p, report.Routes(p), nil, "/reports/holding?thanks")
	platformtest.Golden(t, "thanks.txt", platformtest.Gist(doc))
}

func TestRefused(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	for _, tc := range []struct{ name, text, says string }{
		{"nothing", "", "say in a few words"},
		{"too short", "   wrong    ", "say in a few words"},
		{"too long", strings.Repeat("é", 4001), "4001 characters"},
		{"script", `<b>"é`, "say in a few words"},
	} {
		got := send(t, p, nil, "holding", tc.text)
		doc := platformtest.Parse(t, got.Body)
		if got.Status != http.StatusBadRequest || doc.Find("textarea").Text() != tc.text {
			t.Errorf("%s: status %d, kept %.20q", tc.name, got.Status, doc.Find("textarea").Text())
		}
		if field := doc.Find("textarea[name=text][aria-invalid=true][aria-describedby~=error]"); field.Length() != 1 || !strings.Contains(doc.Find("#error").Text(), tc.says) {
			t.Errorf("%s: %s", tc.name, platformtest.Gist(doc))
		}
	}
	if got := send(t, p, nil, "holding", strings.Repeat("é", 4000)); got.Status != http.StatusSeeOther {
		t.Errorf("4,000 characters: %d", got.Status)
	}
	for _, lesson := range []string{"nope", "%00", "%ff"} {
		if got := send(t, p, nil, lesson, "Something is wrong here."); got.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", lesson, got.Status)
		}
	}
}

// TestBound: everybody writes from an address of their own, so that only the
// bound of the lesson counts, also where Redis is late and the process limits
// each address alone.
func TestBound(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	var senders atomic.Uint32
	sent := func(lesson string) platformtest.Answer {
		r := platformtest.Form(t, nil, "/reports/"+lesson, url.Values{"text": {"Something is wrong here."}}.Encode())
		r.RemoteAddr = fmt.Sprintf("198.51.100.%d:1234", senders.Add(1))
		return platformtest.Send(t, p, report.Routes(p), r)
	}
	statuses := make(chan int, 40)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() { statuses <- sent("holding").Status })
	}
	all.Wait()
	close(statuses)
	taken := 0
	for s := range statuses {
		switch s {
		case http.StatusSeeOther:
			taken++
		case http.StatusTooManyRequests, http.StatusServiceUnavailable: // the latter has no connection left
		default:
			t.Errorf("status %d", s)
		}
	}
	for range 20 {
		if s := sent("holding").Status; s == http.StatusSeeOther {
			taken++
		}
	}
	if n := count(t, p.DB); n != 20 || taken != 20 {
		t.Errorf("%d stored, %d taken", n, taken)
	}
	last := sent("holding")
	if last.Status != http.StatusTooManyRequests || !strings.Contains(last.Body, "many times within the hour") || !strings.Contains(last.Body, "Something is wrong here.") {
		t.Error(last)
	}
	if got := sent("vor-and-hsi"); got.Status != http.StatusSeeOther {
		t.Errorf("another lesson: %d", got.Status)
	}
}

func count(t *testing.T, q db.Querier) (n int) {
	t.Helper()
	if err := q.QueryRow(t.Context(), `SELECT count(*) FROM reports`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
