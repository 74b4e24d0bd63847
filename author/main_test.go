package author_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"pilothandbook/author"
	"pilothandbook/functions/blob"
	"pilothandbook/functions/difference"
	"pilothandbook/functions/upload"
	"pilothandbook/functions/versions"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/router"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// handbook is a real one: a server and a worker.
type handbook struct {
	p     *platform.Platform
	url   string
	token string

	puts atomic.Int64                                      // files that were sent
	trip func(w http.ResponseWriter, r *http.Request) bool // reports whether it has answered; may be nil
}

func newHandbook(t *testing.T, trip func(w http.ResponseWriter, r *http.Request) bool) *handbook {
	t.Helper()
	p := platformtest.New(t)
	h := &handbook{p: p, token: platformtest.AuthorToken(t, p), trip: trip}
	routes := slices.Concat(blob.Routes(p), upload.Routes(p), versions.Routes(p), difference.Routes(p))
	mounted := router.New(p, routes...)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.trip != nil && h.trip(w, r) {
			return
		}
		if r.Method == http.MethodPut {
			h.puts.Add(1)
		}
		mounted.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	h.url = s.URL
	h.work(t)
	return h
}

// work runs a worker until the test ends.
func (h *handbook) work(t *testing.T) {
	t.Helper()
	mux := queue.NewMux(job.Content)
	queue.Handle(mux, content.Jobs{DB: h.p.DB, Images: optimise.Here{}}.ProcessModule)
	queue.Handle(mux, content.Jobs{DB: h.p.DB}.UpdateSearchIndex)
	w := queue.NewWorker(queue.Options{Pool: h.p.DB, Redis: h.p.Redis, Channel: platform.WakeChannel, Monitor: h.p.Monitor, Log: h.p.Log}, mux)
	ctx, stop := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return w.Run(ctx) })
	t.Cleanup(func() { stop(); _ = g.Wait() })
}

func (h *handbook) options(out *bytes.Buffer) author.Options {
	return author.Options{URL: h.url, Token: h.token, Out: out}
}

// publish publishes a folder and returns what was printed.
func (h *handbook) publish(t *testing.T, dir string, activate bool) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o := h.options(&out)
	o.Activate = activate
	err := author.Publish(t.Context(), o, dir)
	return out.String(), err
}

// rows counts those of a table.
func (h *handbook) rows(t *testing.T, table string) (n int) {
	t.Helper()
	if err := h.p.DB.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// folder is a copy of a small module, which may be changed.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "instrument")
	if err := os.CopyFS(dir, os.DirFS("../worker/content/testdata/module")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit replaces a text of a file that must be there.
func edit(t *testing.T, dir, name, old, new string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q, %v", name, old, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files counts those of a module's folder.
func files(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantText(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("no %q in:\n%s", w, got)
		}
	}
}

func wantError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", want)
	}
	wantText(t, err.Error(), want...)
}
