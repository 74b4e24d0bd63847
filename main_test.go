package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == compileWord { // tests that run the program in this process compile by it
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	platformtest.Main(m)
}

// built is the program, built once with the stand-ins, and once as the image has
// it.
var built = map[string]func() (string, error){
	"": sync.OnceValues(func() (string, error) { return build() }),
	"production": sync.OnceValues(func() (string, error) {
		return build("-tags", "production,nodynamic", "-buildvcs=false", "-ldflags", "-s -w")
	}),
}

func build(flags ...string) (string, error) {
	dir, err := os.MkdirTemp("", "handbook-program-")
	if err != nil {
		return "", err
	}
	platformtest.AtEnd(func() { _ = os.RemoveAll(dir) })
	bin := filepath.Join(dir, "handbook")
	c := exec.Command("go", slices.Concat([]string{"build", "-trimpath"}, flags, []string{"-o", bin, "."})...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, os.Chmod(dir, 0o755)
}

func program(t testing.TB, tags string) string {
	t.Helper()
	bin, err := built[tags]()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// process is a started program.
type process struct {
	*exec.Cmd
	out  *platformtest.Paper
	done chan error
}

// launch starts the program in dir with an environment of its own, and ends it
// with the test.
func launch(t testing.TB, bin, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(bin, args...), out: &platformtest.Paper{}, done: make(chan error, 1)}
	p.Dir, p.Stdout, p.Stderr = dir, p.out, p.out
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.Wait(); close(p.done) }()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("handbook %s printed:\n%s", strings.Join(args, " "), p.out)
		}
	})
	return p
}

// stop asks the process to end and returns how it did.
func (p *process) stop(t testing.TB) error {
	t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	return p.end(t)
}

// end waits until the process has ended by itself, as long as a deployment lets
// it (drainingSeconds).
func (p *process) end(t testing.TB) error {
	t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatalf("the program goes on after 30 s:\n%s", p.out)
		return nil
	}
}

// eventually waits until ask says yes.
func eventually(t testing.TB, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ask() {
			return
		}
	}
	t.Fatalf("in vain: %s", what)
}

// browser is a person at a handbook: it keeps cookies and follows forms.
type browser struct {
	t    testing.TB
	http *http.Client
	base string
}

func newBrowser(t testing.TB, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// page is what a browser shows: where it ended up, and what is there.
type page struct {
	status int
	url    *url.URL
	body   string
}

func (b *browser) do(r *http.Request) page {
	b.t.Helper()
	r.Header.Set("Accept", "text/html")
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{res.StatusCode, res.Request.URL, string(body)}
}

func (b *browser) get(to string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.resolve(to), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(to string, form url.Values) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.resolve(to), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (b *browser) resolve(to string) string {
	if strings.HasPrefix(to, "/") {
		return b.base + to
	}
	return to
}

// answers reports whether something answers at base with 200.
func answers(base, path string) bool {
	c := http.Client{Timeout: time.Second}
	res, err := c.Get(base + path)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func TestWords(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"help"}, &out, &errs); code != 0 {
		t.Errorf("help exits with %d", code)
	}
	platformtest.Golden(t, "help.txt", out.String())
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"fly"}, 2, `does not know the word "fly"`},
		{[]string{"publish"}, 2, "publish takes one folder"},
		{[]string{"publish", "a", "b"}, 2, "publish takes one folder"},
		{[]string{"publish", "--fast", "a"}, 2, "not defined: -fast"},
		{[]string{"versions"}, 2, "versions takes one module"},
		{[]string{"roll-up"}, 2, "roll-up takes one day"},
		{[]string{"roll-up", "yesterday"}, 2, "roll-up takes one day"},
		{[]string{"replay"}, 2, "replay takes the id of an event, or all"},
		{[]string{"replay", "--seen", "all"}, 2, "replay --seen takes the id of one event"},
		{[]string{"price", "instrument"}, 2, "price takes a module and its price in cents"},
		{[]string{"price", "instrument", "99.00"}, 2, "price takes a module and its price in cents"},
		{[]string{"jobs", "extra"}, 2, "jobs takes no argument"},
		{[]string{"doctor", "--fix"}, 2, "doctor takes no argument"},
		{[]string{"publish", "--check", "nowhere"}, 1, "there is no folder nowhere"},
	} {
		errs.Reset()
		if code := run(context.Background(), tc.args, io.Discard, &errs); code != tc.code || !strings.Contains(errs.String(), tc.want) {
			t.Errorf("%q exits with %d and says %q; want %d and %q", tc.args, code, errs.String(), tc.code, tc.want)
		}
	}
}
