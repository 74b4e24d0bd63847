package serve_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/platform/serve"
)

// running is a server that a test can stop.
type running struct {
	url      string
	listener net.Listener
	stop     context.CancelFunc
	ended    chan error
	log      bytes.Buffer // read after the end
}

func run(t *testing.T, s serve.Server) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{url: "http://" + l.Addr().String(), listener: l, stop: stop, ended: make(chan error, 1)}
	s.Log = slog.New(slog.NewTextHandler(&r.log, nil))
	go func() { r.ended <- s.Run(ctx, l) }()
	return r
}

func get(t *testing.T, c *http.Client, url string) *http.Response {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// A download that outlasts the drain is cut, and the server ends well.
func TestSlowDownload(t *testing.T) {
	t.Parallel()
	var handler sync.WaitGroup
	handler.Add(1)
	r := run(t, serve.Server{Drain: 50 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer handler.Done()
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "1")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})})
	res := get(t, http.DefaultClient, r.url)
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
	if !strings.Contains(r.log.String(), "requests are cut") {
		t.Errorf("it logs %q", r.log.String())
	}
	if body, err := io.ReadAll(res.Body); err == nil || string(body) != "1" {
		t.Errorf("the download: %q, %v", body, err)
	}
	handler.Wait() // its context has ended
}

// A request under way ends, however long the others are gone.
func TestUnderWay(t *testing.T) {
	t.Parallel()
	goOn := make(chan bool)
	r := run(t, serve.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-goOn
		_, _ = io.WriteString(w, "whole")
	})})
	res := get(t, http.DefaultClient, r.url)
	r.stop()
	for { // until nobody listens
		c, err := net.Dial("tcp", r.listener.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(goOn)
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "whole" {
		t.Errorf("%q, %v", body, err)
	}
	if err := <-r.ended; err != nil || r.log.Len() > 0 {
		t.Errorf("it ends with %v and logs %q", err, r.log.String())
	}
}

// Until the notice is over, a stopping server answers on connections that are
// open and on new ones, and ends each of them with its answer.
func TestNotice(t *testing.T) {
	t.Parallel()
	stopping := make(chan bool)
	r := run(t, serve.Server{Notice: time.Hour, Stopping: func() { close(stopping) }, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RemoteAddr)
	})})
	client := &http.Client{Transport: &http.Transport{}}
	ask := func() (from string, last bool) {
		res := get(t, client, r.url)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body), res.Close
	}
	first, last := ask()
	if last {
		t.Fatal("the connection is not kept")
	}
	r.stop()
	<-stopping
	for i := range 2 {
		from, last := ask()
		if !last || (from == first) != (i == 0) {
			t.Errorf("request %d came from %s after %s, its connection is ended: %v", i, from, first, last)
		}
	}
	if err := r.listener.Close(); err != nil { // which ends the notice
		t.Fatal(err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// A server that cannot listen says so.
func TestFailed(t *testing.T) {
	t.Parallel()
	r := run(t, serve.Server{Handler: http.NotFoundHandler()})
	if err := r.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-r.ended; err == nil {
		t.Error("it ends well")
	}
}
