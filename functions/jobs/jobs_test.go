package jobs_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/jobs"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// fill gives the outbox a job in each state, and returns the ids of those that
// failed: two of one kind about ana, one of another.
func fill(t *testing.T, p *platform.Platform, ana uuid.UUID) []string {
	t.Helper()
	platformtest.Exec(t, p, `INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, stripe_session_id, expires_at)
		VALUES (gen_random_uuid(), $1, 'instrument', 1, 'usd', false, '{}', 'cs_1', now())`, ana)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, attempt, failures, error, run_at, started_at, lease_until, finished_at, progress, request, trace) VALUES
			('01900000-0000-7000-8000-000000000001', 'welcome-email', 'email-queue', jsonb_build_object('user', $1::uuid), 'dead', 4, 3, E'550 <b>no such mailbox\nstack of it', now(), now(), NULL, now(), '', 'r1', '00-aaaabbbbccccddddeeeeffff00001111-1111222233334444-01'),
			('01900000-0000-7000-8000-000000000002', 'welcome-email', 'email-queue', jsonb_build_object('user', $1::uuid), 'dead', 4, 3, 'no route', now(), now(), NULL, now(), '', '', ''),
			('01900000-0000-7000-8000-000000000003', 'close-checkout', 'content-processing', '{"session": "cs_1"}', 'dead', 4, 3, 'stripe said no', now(), now(), NULL, now(), '', '', ''),
			('01900000-0000-7000-8000-000000000004', 'process-module', 'content-processing', '{"source": "s1", "again": null}', 'running', 2, 1, 'lost its way', now(), '2026-11-01 10:00Z', '2026-11-01 10:00:10Z', NULL, 'rendering 3 of 9', '', ''),
			('01900000-0000-7000-8000-000000000005', 'reconcile', 'money-queue', '[1]', 'queued', 1, 0, '', now() - interval '2 minutes', NULL, now(), NULL, '', '', 'odd'),
			('01900000-0000-7000-8000-000000000006', 'reconcile', 'money-queue', '{}', 'waiting', 1, 0, '', now() + interval '1 hour', NULL, NULL, NULL, '', '', ''),
			('01900000-0000-7000-8000-000000000007', 'reconcile', 'money-queue', '{}', 'done', 1, 0, '', now(), now(), NULL, now(), '', '', '')`, ana)
	return []string{"01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002", "01900000-0000-7000-8000-000000000003"}
}

func read(t *testing.T, p *platform.Platform, who *platformtest.User, path string) (string, *goquery.Document) {
	t.Helper()
	a, doc := platformtest.Page(t, p, jobs.Routes(p), who, path)
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), " "), doc
}

func press(t *testing.T, p *platform.Platform, who *platformtest.User, path, values string) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, jobs.Routes(p), platformtest.Form(t, who, path, values))
}

// states returns the states of the jobs that have failed at first.
func states(t *testing.T, p *platform.Platform) string {
	t.Helper()
	return platformtest.Text(t, p, `SELECT string_agg(state, ' ' ORDER BY id) FROM outbox WHERE kind IN ('welcome-email', 'close-checkout')`)
}

func TestPage(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	operator, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	if text, _ := read(t, p, operator, "/admin/jobs"); !strings.Contains(text, "Everything is done") {
		t.Errorf("without jobs: %s", text)
	}
	fill(t, p, ana.ID)
	text, doc := read(t, p, operator, "/admin/jobs")
	for _, want := range []string{
		"welcome-email 2 failed in email-queue", "reconcile 1 late 2 waiting in money-queue", "process-module 1 running in content-processing",
		"550 <b>no such mailbox Wherestack of it", "failed 3 times", "request r1", "trace aaaabbbbccccddddeeeeffff00001111", "user " + ana.ID.String(),
		"process-module Running Last time: lost its way", "since 1 November 2026, 10:00:00 UTC", "until 1 November 2026, 10:00:10 UTC", "attempt 2", "rendering 3 of 9", "source s1",
		"reconcile Late", "handed to the workers", "reconcile Waiting added",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if n := doc.Find("ol.rows > li").Length(); n != 6 {
		t.Errorf("%d jobs", n)
	}
	if n := doc.Find("ol.rows a[href='/admin/people/" + ana.ID.String() + "']").Length(); n != 3 {
		t.Errorf("%d of three jobs lead to whom they are about", n)
	}
	for query, want := range map[string]string{
		"state=failed":                                "03 02 01",
		"state=running":                               "04",
		"state=waiting":                               "06 05",
		"state=late":                                  "05",
		"kind=welcome-email":                          "02 01",
		"queue=content-processing":                    "04 03",
		"queue=money-queue&state=failed":              "",
		"kind=%00%ff":                                 "06 05 04 03 02 01",
		"kind=nothing":                                "",
		"state=failed&queue=email-queue":              "02 01",
		"kind=welcome-email&retried=abc":              "02 01",
		"before=01900000-0000-7000-8000-000000000003": "02 01",
		"job=01900000-0000-7000-8000-000000000003":    "03",
		"job=01900000-0000-7000-8000-000000000007":    "", // done
	} {
		var got struct{ Jobs []struct{ ID string } }
		platformtest.Call(t, p, jobs.Routes(p), operator, "GET", "/api/admin/jobs?"+query, nil).Into(t, &got)
		var ids []string
		for _, j := range got.Jobs {
			ids = append(ids, j.ID[len(j.ID)-2:])
		}
		if s := strings.Join(ids, " "); s != want {
			t.Errorf("%s lists %q, want %q", query, s, want)
		}
	}
	_, doc = read(t, p, operator, "/admin/jobs?state=failed&kind=welcome-email&queue=email-queue")
	if got := doc.Find("option[selected]").Text(); got != "Failed for goodemail-queuewelcome-email" {
		t.Errorf("chosen: %q", got)
	}
	for _, path := range []string{"/admin/jobs?state=odd", "/admin/jobs?before=x", "/admin/jobs?job=x"} {
		if a := platformtest.Call(t, p, jobs.Routes(p), operator, "GET", path, nil); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator := platformtest.Operator(t, p)
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	platformtest.Exec(t, p, `INSERT INTO outbox (id, kind, queue, payload) SELECT gen_random_uuid(), 'odd', 'q', '{}' FROM generate_series(1, 120)`)
	seen, pages := map[string]bool{}, 0
	for path := "/api/admin/jobs?kind=odd"; path != ""; pages++ {
		var got struct {
			Jobs []struct{ ID string }
			Next string
		}
		platformtest.Call(t, p, jobs.Routes(p), operator, "GET", path, nil).Into(t, &got)
		for _, j := range got.Jobs {
			seen[j.ID] = true
		}
		path = got.Next
	}
	if len(seen) != 120 || pages != 3 {
		t.Errorf("%d jobs on %d pages", len(seen), pages)
	}
	if _, doc := read(t, p, operator, "/admin/jobs?kind=odd"); !strings.HasPrefix(doc.Find("a[rel=next]").AttrOr("href", ""), "/admin/jobs?before=") {
		t.Error("no way to older jobs")
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	operator, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	failed := fill(t, p, ana.ID)
	one, kind := "/admin/jobs/"+failed[0], "kind="+url.QueryEscape("welcome-email")

	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	if _, doc := read(t, p, operator, "/admin/jobs"); doc.Find("main form[method=post]").Length() != 0 || doc.Find("a[href^='/account/confirm']").Length() != 1 {
		t.Error("who signed in long ago is not asked to show that it is them")
	}
	for path, values := range map[string]string{one: "", "/admin/jobs": kind} {
		if a := press(t, p, operator, path, values); !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
			t.Errorf("%s after an hour: %d %s", path, a.Status, a.Header.Get("Location"))
		}
	}
	platformtest.Exec(t, p, `UPDATE sessions SET verified_at = now()`)
	if _, doc := read(t, p, operator, "/admin/jobs"); doc.Find("form[method=post][action='/admin/jobs']").Length() != 2 || doc.Find("form[action='"+one+"']").Length() != 1 {
		t.Error("no way to try again")
	}
	for _, tc := range []struct {
		name, path, values string
		status             int
	}{
		{"no id", "/admin/jobs/all", "", 404},
		{"no such job", "/admin/jobs/" + uuid.NewString(), "", 409},
		{"one that runs", "/admin/jobs/01900000-0000-7000-8000-000000000004", "", 409},
		{"no kind", "/admin/jobs", "", 400},
		{"all kinds", "/admin/jobs", "kind=all", 400},
		{"a kind that has not failed", "/admin/jobs", "kind=reconcile", 409},
		{"no text", "/admin/jobs", "kind=%00%ff", 400},
	} {
		if a := press(t, p, operator, tc.path, tc.values); a.Status != tc.status || states(t, p) != "dead dead dead" {
			t.Errorf("%s: %d, jobs are %s", tc.name, a.Status, states(t, p))
		}
	}
	if a := press(t, p, ana, one, ""); a.Status != http.StatusForbidden || states(t, p) != "dead dead dead" {
		t.Errorf("a reader: %d, jobs are %s", a.Status, states(t, p))
	}
	if a := press(t, p, operator, one, ""); a.Header.Get("Location") != "/admin/jobs?retried=1" || states(t, p) != "waiting dead dead" {
		t.Errorf("one: %d %s, jobs are %s", a.Status, a.Header.Get("Location"), states(t, p))
	}
	if a := press(t, p, operator, one, ""); a.Status != http.StatusConflict || !strings.Contains(a.Body, "tried again") {
		t.Errorf("a second click: %d", a.Status)
	}
	if a := press(t, p, operator, "/admin/jobs", kind); a.Header.Get("Location") != "/admin/jobs?retried=1" || states(t, p) != "waiting waiting dead" {
		t.Errorf("the kind: %d %s, jobs are %s", a.Status, a.Header.Get("Location"), states(t, p))
	}
	if text, _ := read(t, p, operator, "/admin/jobs?retried=1"); !strings.Contains(text, "The job is tried again.") {
		t.Errorf("nothing is said: %s", text)
	}
	got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', actor = $1, action, subject, detail), '; ' ORDER BY id) FROM audit_log`, operator.ID)
	if want := `t job retried job:` + failed[0] + ` {"jobs": 1}; t jobs retried jobs:welcome-email {"jobs": 1}`; got != want {
		t.Errorf("the record says %s, want %s", got, want)
	}
}

// TestRefusedRetry shows the list below what was refused, and it goes on where
// the list is.
func TestRefusedRetry(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator := platformtest.Operator(t, p)
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	platformtest.Exec(t, p, `INSERT INTO outbox (id, kind, queue, payload) SELECT gen_random_uuid(), 'odd', 'q', '{}' FROM generate_series(1, 60)`)
	a := press(t, p, operator, "/admin/jobs/"+uuid.NewString(), "")
	next := platformtest.Parse(t, a.Body).Find("a[rel=next]").AttrOr("href", "")
	if _, doc := read(t, p, operator, next); a.Status != http.StatusConflict || doc.Find("ol.rows > li").Length() != 10 {
		t.Errorf("%d leads to %q, which has %d jobs", a.Status, next, doc.Find("ol.rows > li").Length())
	}
}

// TestPersons finds the same person each time where a job names two.
func TestPersons(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload)
		SELECT gen_random_uuid(), 'odd', 'q', jsonb_build_object('by', $1::uuid, 'user', $2::uuid) FROM generate_series(1, 40)`, operator.ID, ana.ID)
	_, doc := read(t, p, operator, "/admin/jobs")
	if n := doc.Find("ol.rows a[href='/admin/people/" + ana.ID.String() + "']").Length(); n != 40 {
		t.Errorf("%d of 40 jobs are about the user, not about who had it done", n)
	}
}
