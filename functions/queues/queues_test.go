package queues_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
	"github.com/hibiken/asynq"

	"pilothandbook/functions/queues"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// patience bounds a wait for something that must happen.
const patience = 30 * time.Second

// open returns a platform whose Redis carries a job in a queue of the test's
// own, with its ticket.
func open(t *testing.T, lane string) (*platform.Platform, string) {
	t.Helper()
	p := platformtest.New(t)
	ticket, err := asynq.NewClientFromRedisClient(p.Redis).Enqueue(asynq.NewTask("welcome-email", []byte(`{"row":"r1"}`)), asynq.Queue(lane), asynq.Retention(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := asynq.NewInspectorFromRedisClient(p.Redis).DeleteQueue(lane, true); err != nil {
			t.Error(err)
		}
	})
	return p, ticket.ID
}

func TestShown(t *testing.T) {
	t.Parallel()
	p, ticket := open(t, "shown")
	operator := platformtest.Operator(t, p)
	get := func(path string) platformtest.Answer {
		return platformtest.Call(t, p, queues.Routes(p), operator, "GET", path, nil)
	}
	page := get("/admin/queues/")
	policy := page.Header.Get("Content-Security-Policy")
	if page.Status != http.StatusOK || strings.Contains(policy, "unsafe") || strings.Contains(page.Body, "https://") || strings.Contains(page.Body, "<script>") || strings.Count(page.Body, "nonce=") != 2 {
		t.Errorf("%d under %q: %.2000s", page.Status, policy, page.Body)
	}
	if again := get("/admin/queues/shown").Header.Get("Content-Security-Policy"); again == policy || !strings.Contains(again, "'nonce-") {
		t.Errorf("another answer has the policy %q too", again)
	}
	for _, path := range []string{"/admin/queues/api/queues", "/admin/queues/static/js/main.5adda2da.chunk.js"} {
		if a := get(path); a.Status != http.StatusOK || a.Header.Get("Content-Security-Policy") != router.Policy {
			t.Errorf("%s: %d under %q", path, a.Status, a.Header.Get("Content-Security-Policy"))
		}
	}
	if a := get("/admin/queues/api/queues/shown/pending_tasks"); !strings.Contains(a.Body, ticket) {
		t.Errorf("the job is not told of: %s", a.Body)
	}
	if a := get("/admin/queues/api/queues/nowhere"); a.Status != http.StatusNotFound || !strings.Contains(a.Body, "no such queue") {
		t.Errorf("no such queue: %d %s", a.Status, a.Body)
	}
}

// TestNothingChanges sends all that asynqmon would do, were it let.
func TestNothingChanges(t *testing.T) {
	t.Parallel()
	p, ticket := open(t, "kept")
	operator, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	for method, paths := range map[string][]string{
		"DELETE": {"kept", "kept/pending_tasks/" + ticket, "kept/pending_tasks:delete_all"},
		"POST":   {"kept:pause", "kept/pending_tasks:archive_all", "kept/pending_tasks/" + ticket + ":archive", "kept/pending_tasks:batch_delete"},
	} {
		for _, path := range paths {
			path = "/admin/queues/api/queues/" + path
			if a := platformtest.Call(t, p, queues.Routes(p), operator, method, path, nil); a.Status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d %s", method, path, a.Status, a.Body)
			}
			r := platformtest.Request(t, operator, "GET", path, nil)
			r.Header.Set("X-HTTP-Method-Override", method)
			platformtest.Send(t, p, queues.Routes(p), r)
		}
	}
	info, err := asynq.NewInspectorFromRedisClient(p.Redis).GetTaskInfo("kept", ticket)
	if err != nil || info.State != asynq.TaskStatePending {
		t.Errorf("the job is %+v, %v", info, err)
	}
	if a := platformtest.Call(t, p, queues.Routes(p), ana, "GET", "/admin/queues/api/queues", nil); a.Status != http.StatusForbidden {
		t.Errorf("a reader: %d", a.Status)
	}
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.RedisURL = "redis://127.0.0.1:1"
	p := platformtest.Open(t, cfg)
	if a := platformtest.Call(t, p, queues.Routes(p), platformtest.Operator(t, p), "GET", "/admin/queues/api/queues", nil); a.Status != http.StatusServiceUnavailable || !strings.Contains(a.Body, "/admin/jobs") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// TestNeedsRedis has a function on Lambda refuse to start where it is told of no
// Redis, as it could answer nothing.
func TestNeedsRedis(t *testing.T) {
	t.Parallel()
	if needs := web.Needs(queues.Routes(platformtest.New(t))); !slices.Equal(needs, []string{"REDIS_URL"}) {
		t.Errorf("it needs %q", needs)
	}
}

// TestInChromium has the page's scripts run under its policy, which nothing
// breaks, and shows the queue.
func TestInChromium(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	p, _ := open(t, "seen")
	server := httptest.NewServer(router.New(p, queues.Routes(p)...))
	t.Cleanup(server.Close)
	operator := platformtest.Operator(t, p)
	page := b.MustPage()
	if err := page.SetCookies([]*proto.NetworkCookieParam{{Name: account.SessionCookie, Value: operator.Secret, URL: server.URL}}); err != nil {
		t.Fatal(err)
	}
	if _, err := page.EvalOnNewDocument(`window.broken = []; document.addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective + " " + e.blockedURI))`); err != nil {
		t.Fatal(err)
	}
	if err := page.Navigate(server.URL + "/admin/queues/"); err != nil {
		t.Fatal(err)
	}
	if _, err := page.Timeout(patience).ElementR("td, th", "seen"); err != nil {
		t.Fatalf("the queue is never shown: %v\n%s", err, text(page))
	}
	if got := page.MustEval(`() => [broken.join(), getComputedStyle(document.querySelector("header")).position].join(" ")`).Str(); got != " fixed" && got != " absolute" {
		t.Errorf("the policy and the styles: %q", got)
	}
}

// text returns what a page shows.
func text(page *rod.Page) string {
	shown, err := page.Eval(`() => document.body.innerText + "\n" + broken.join()`)
	if err != nil {
		return err.Error()
	}
	return shown.Value.Str()
}
