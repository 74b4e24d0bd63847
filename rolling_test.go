package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pilothandbook/platform/platformtest"
)

var restarts = flag.Int("restarts", 3, "how often TestRollingRestarts replaces the web service")

// front is a proxy before the web service, as a platform has one: it keeps
// connections, and leads to one process at a time.
type front struct {
	*httptest.Server
	target atomic.Pointer[url.URL]
	failed atomic.Int64
}

func openFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	f.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(f.target.Load())
			r.Out.Header.Set("X-Forwarded-For", r.In.Header.Get("X-Forwarded-For")) // of the client
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			f.failed.Add(1)
			t.Errorf("%s %s is lost: %v", r.Method, r.URL.Path, err)
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	t.Cleanup(f.Close)
	return f
}

// TestRollingRestarts replaces the web service again and again under load: the
// next process is healthy, the proxy leads to it, and the one before is told to
// stop with requests under way. No request fails, nothing that was taken is
// lost, and each process ends well.
func TestRollingRestarts(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	p := platformtest.Open(t, d.cfg)
	f := openFront(t)
	lead := func() {
		to, err := url.Parse(d.base)
		if err != nil {
			t.Fatal(err)
		}
		f.target.Store(to)
	}
	lead()
	var stop atomic.Bool
	var load sync.WaitGroup
	var asked, taken atomic.Int64
	for i := range 8 {
		load.Go(func() {
			client := &http.Client{Timeout: time.Minute}
			dice := rand.New(rand.NewPCG(2, uint64(i)))
			for !stop.Load() {
				asked.Add(1)
				if dice.IntN(2) == 0 {
					wantStatus(t, client, f.URL+"/", "", http.StatusOK)
				} else if wantStatus(t, client, f.URL+"/api/analytics", events(time.Now()), http.StatusAccepted) {
					taken.Add(1)
				}
			}
		})
	}
	for range *restarts {
		before := asked.Load()
		eventually(t, "there is load", func() bool { return asked.Load() > before+50 })
		old := d.web
		slow := d.begin(t) // directly: what the proxy has under way must end too
		d.base = fmt.Sprintf("http://127.0.0.1:%d", platformtest.FreePort(t))
		d.web = launch(t, d.bin, t.TempDir(), append(d.env, "PORT="+strings.TrimPrefix(d.base, "http://127.0.0.1:")), "web")
		eventually(t, "the next is healthy", func() bool { return answers(d.base, "/api/health") })
		gone := f.target.Load()
		lead()
		old.terminate(t)
		eventually(t, "the former does not listen", func() bool { return !listens(gone.String()) })
		if status := slow.finish(t); status != http.StatusAccepted {
			t.Errorf("what was under way is answered with %d", status)
		} else {
			taken.Add(1)
		}
		if err := old.end(t); err != nil {
			t.Errorf("it ends with %v", err)
		}
	}
	stop.Store(true)
	load.Wait()
	t.Logf("%d restarts, %d requests, %d failed", *restarts, asked.Load(), f.failed.Load())
	if err := d.web.stop(t); err != nil { // which writes what it holds
		t.Errorf("the last ends with %v", err)
	}
	if got, want := platformtest.Text(t, p, `SELECT count(*)::text FROM analytics_events`), fmt.Sprint(taken.Load()); got != want {
		t.Errorf("%s events are stored, %s were taken", got, want)
	}
}

// wantStatus gets a page or posts JSON, from an address of its own each time.
func wantStatus(t *testing.T, c *http.Client, url, body string, want int) bool {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", rand.IntN(256), rand.IntN(256), rand.IntN(256)))
	res, err := c.Do(r)
	if err != nil {
		t.Errorf("%s: %v", url, err)
		return false
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Errorf("%s: %d %s, %v", url, res.StatusCode, said, err)
		return false
	}
	return true
}
