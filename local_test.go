package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

// folder returns an empty folder to start a handbook in, with the content
// that ships.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	content, err := filepath.Abs("content")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(content, filepath.Join(dir, "content")); err != nil {
		t.Fatal(err)
	}
	return dir
}

var readAt = regexp.MustCompile(`Read +(http://\S+)`)

// startLocal starts a handbook in dir and returns its address once content is
// published.
func startLocal(t *testing.T, dir string, port int) (*process, string) {
	t.Helper()
	p := launch(t, program(t, ""), dir, []string{fmt.Sprintf("PORT=%d", port), "ADMIN_EMAILS=chief@example.com"})
	eventually(t, "content is published", func() bool { return strings.Contains(p.out.String(), "Published content/") })
	return p, readAt.FindStringSubmatch(p.out.String())[1]
}

// TestLocalStart is a newcomer's first hour: start, look around, sign in, buy,
// read; kill it, start it again.
func TestLocalStart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p, base := startLocal(t, dir, platformtest.FreePort(t))
	b := newBrowser(t, base)
	if home := b.get("/"); home.status != 200 || !strings.Contains(home.body, "$79.00") || !strings.Contains(home.body, "runs on this machine alone") {
		t.Errorf("home: %d", home.status)
	}

	asked := b.post("/signin", url.Values{"email": {"ana@example.com"}, "next": {"/orders"}})
	var code string
	eventually(t, "the code is in the local mailbox", func() bool {
		code = sixDigits.FindString(b.get("/local/mail/").body)
		return code != ""
	})
	if in := b.post(asked.url.Path, url.Values{"code": {code}}); in.url.Path != "/orders" {
		t.Fatalf("signed in: %d at %s", in.status, in.url)
	}
	offer := b.post("/checkout/bundle", url.Values{"consent": {"yes"}})
	if b.post(offer.url.Path+"/pay", nil).status != 200 {
		t.Fatalf("paid at %s", offer.url)
	}
	lessons := []string{paidLesson, "/modules/instrument/lessons/vor-and-hsi"}
	for _, lesson := range lessons {
		eventually(t, lesson+" is open", func() bool { return b.get(lesson).status == 200 })
	}

	officeLocal(t, dir, base)

	// A second start on the same data says who holds it.
	second := launch(t, program(t, ""), dir, nil)
	_ = second.end(t)
	if code := second.ProcessState.ExitCode(); code != 1 || !strings.Contains(second.out.String(), fmt.Sprint(p.Process.Pid)) {
		t.Errorf("a second start exits with %d and says:\n%s", code, second.out)
	}

	author, err := config.ReadAuthor(filepath.Join(dir, config.LocalFolder))
	if err != nil || author.Token == "" || !strings.Contains(p.out.String(), "operator@handbook.test, chief@example.com\n") {
		t.Errorf("an author's settings are %v, %v; the start says:\n%s", author, err, p.out)
	}

	// Killed and started again, nothing is lost, and nothing is published anew.
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.done
	if code, said := runWord(t, dir, "jobs"); code != 1 || !strings.Contains(said, "does not run: start it with") {
		t.Errorf("jobs exits with %d after a kill, and says:\n%s", code, said)
	}
	port := listening(t, base)
	p, _ = startLocal(t, dir, port)
	if again, err := config.ReadAuthor(filepath.Join(dir, config.LocalFolder)); err != nil || again != author {
		t.Errorf("what an author has is worth nothing after a new start: %v, %v", again, err)
	}
	if code, said := runWord(t, dir, "versions", "instrument"); code != 0 {
		t.Errorf("versions exits with %d after a new start, and says:\n%s", code, said)
	}
	for _, lesson := range lessons {
		if got := b.get(lesson); got.status != 200 {
			t.Errorf("%s after a kill: %d", lesson, got.status)
		}
	}
	if orders := b.get("/orders"); !strings.Contains(orders.body, "$119.00") {
		t.Errorf("the order is gone: %s", orders.body)
	}
	if err := p.stop(t); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if code, said := runWord(t, dir, "jobs"); code != 1 || !strings.Contains(said, "no local handbook runs here") {
		t.Errorf("jobs exits with %d when nothing runs, and says:\n%s", code, said)
	}
}

// runWord runs an operator's word in dir, with nothing in the environment.
func runWord(t *testing.T, dir string, args ...string) (code int, said string) {
	t.Helper()
	p := launch(t, program(t, ""), dir, nil, args...)
	_ = p.end(t)
	return p.ProcessState.ExitCode(), p.out.String()
}

// officeLocal runs all operator's words against the local start in dir, and
// asks for its metrics.
func officeLocal(t *testing.T, dir, base string) {
	t.Helper()
	for _, args := range [][]string{{"jobs"}, {"retry", "--all"}, {"roll-up", time.Now().UTC().Format(time.DateOnly)}, {"reconcile"}, {"replay", "all"}, {"rotate-key"}, {"rotate-key", "--lost"}, {"fsck"}, {"doctor"}, {"migrate"}} {
		code, said := runWord(t, dir, args...)
		if args[0] == "fsck" && code == 1 && strings.Contains(said, " differences") {
			code = 0 // a confirmation may be on its way
		}
		if code != 0 || !strings.HasPrefix(said, "using the local handbook in ") || strings.Contains(said, "level=") {
			t.Errorf("%q exits with %d and says:\n%s", args, code, said)
		}
	}
	if code, said := runWord(t, dir, "retry", "nosuch"); code != 1 || !strings.Contains(said, `of the kind "nosuch"; "handbook jobs" shows`) {
		t.Errorf("a retry of nothing exits with %d and says:\n%s", code, said)
	}
	path := filepath.Join(dir, config.LocalFolder, config.OperatorFile)
	left, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s is open to others: %v, %v", path, info.Mode(), err)
	}
	_, rest, _ := strings.Cut(string(left), "METRICS_TOKEN=")
	token, _, _ := strings.Cut(rest, "\n")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if got := newBrowser(t, base).do(r); got.status != http.StatusOK || !strings.Contains(got.body, "handbook_up") {
		t.Errorf("metrics: %d %s", got.status, got.body)
	}
	if code, said := runWord(t, t.TempDir(), "fsck"); code != 1 || !strings.Contains(said, "no local handbook runs here") {
		t.Errorf("fsck elsewhere exits with %d and says:\n%s", code, said)
	}
	p := launch(t, program(t, ""), dir, []string{"APP_ENV=production"}, "jobs")
	if _ = p.end(t); p.ProcessState.ExitCode() != 1 || strings.Contains(p.out.String(), "using the local") {
		t.Errorf("jobs of a deployment says:\n%s", p.out)
	}
}

func listening(t *testing.T, base string) (port int) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		t.Fatal(err)
	}
	return port
}

// A taken port is no obstacle, and only this machine's names are answered.
func TestLocalPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, base := startLocal(t, folder(t), port)
	if listening(t, base) <= port {
		t.Errorf("it listens at %s, and %d is taken", base, port)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/local/mail/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	if got := newBrowser(t, base).do(r); got.status != http.StatusMisdirectedRequest {
		t.Errorf("another name: %d", got.status)
	}
}

func TestLocalRefuses(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"APP_ENV=production", "RAILWAY_ENVIRONMENT=production", "DATABASE_URL=postgres://x"} {
		p := launch(t, program(t, ""), t.TempDir(), []string{env})
		_ = p.end(t)
		if code := p.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.out.String(), strings.Split(env, "=")[0]) {
			t.Errorf("with %s it exits with %d and says:\n%s", env, code, p.out)
		}
	}
}
