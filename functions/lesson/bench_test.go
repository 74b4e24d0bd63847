package lesson_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/functions/lesson"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/tracing/otlp"
	"pilothandbook/router"
)

// BenchmarkRead serves a paid lesson to readers who are signed in, through the
// whole router with its log, and in turns the same bytes from a bare net/http
// handler. It reports how fast the first is against the second.
func BenchmarkRead(b *testing.B) {
	b.Run("1 reader", func(b *testing.B) { read(b, 1) })
	b.Run("1000 readers", func(b *testing.B) { read(b, 1000) })
}

func read(b *testing.B, readers int) {
	const connections, turn = 32, 4000
	p := platformtest.New(b)
	p.Log = logFile(b)
	requests := bought(b, p, readers)
	rt := router.New(p, lesson.Routes(p)...)
	body := brotli(b, rt, requests[0])
	ours := dial(b, rt, connections)
	bare := dial(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Encoding", "br")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}), connections)
	drive(b, ours, requests, turn)
	drive(b, bare, requests, turn)

	b.ReportAllocs()
	var oursTook, bareTook time.Duration
	for b.Loop() {
		oursTook += drive(b, ours, requests, turn)
		bareTook += drive(b, bare, requests, turn)
	}
	done := float64(b.N * turn)
	b.ReportMetric(done/oursTook.Seconds(), "ours/s")
	b.ReportMetric(done/bareTook.Seconds(), "bare/s")
	b.ReportMetric(bareTook.Seconds()/oursTook.Seconds(), "of-bare")
	b.ReportMetric(float64(len(body)), "bytes")
}

// bought publishes a module and returns requests for a lesson of it by so many
// readers who may read it.
func bought(b *testing.B, p *platform.Platform, readers int) [][]byte {
	b.Helper()
	pub := platformtest.Volume("private_commercial", "Private and Commercial Pilot", 7900, "density-altitude", "weight-and-balance")
	pub.Lessons[1].HTML = longText()
	platformtest.Publish(b, p, pub)
	requests := make([][]byte, readers)
	for i := range requests {
		who := platformtest.Learner(b, p, fmt.Sprintf("reader%d@example.com", i))
		platformtest.Grant(b, p, who, "private_commercial")
		requests[i] = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nCookie: %s=%s\r\n\r\n", paidPage, account.SessionCookie, who.Secret)
	}
	return requests
}

// BenchmarkWatched serves a lesson with metrics, a log and traces of a tenth of
// the requests, as deployed, and in turns without any of them. It reports what
// they add to the time of reading, one reader after the other and many at once.
func BenchmarkWatched(b *testing.B) {
	b.Run("1 reader", func(b *testing.B) { watched(b, 1, 1) })
	b.Run("1000 readers", func(b *testing.B) { watched(b, 1000, 32) })
}

func watched(b *testing.B, readers, connections int) {
	const turn, turns = 4000, 40 // a median of fewer tells of the machine
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	b.Cleanup(collector.Close)
	stop, err := otlp.Start(b.Context(), otlp.Options{Endpoint: collector.URL, Service: "web", Version: "bench", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stop(context.Background()) })
	cfg := platformtest.Config(b)
	cfg.OTLPEndpoint, cfg.TraceShare = collector.URL, 0.1
	p, blind := platformtest.Open(b, cfg), platformtest.New(b)
	p.Log = logFile(b)
	blind.Log, blind.Monitor = slog.New(slog.DiscardHandler), nil
	seen, unseen := bought(b, p, readers), bought(b, blind, readers)
	with := dial(b, router.New(p, lesson.Routes(p)...), connections)
	without := dial(b, router.New(blind, lesson.Routes(blind)...), connections)
	drive(b, with, seen, turn)
	drive(b, without, unseen, turn)

	var added []float64
	for b.Loop() {
		for i := range turns { // who comes second pays for the first one's garbage
			var watched, blind time.Duration
			if i%2 == 0 {
				watched = drive(b, with, seen, turn)
			}
			blind = drive(b, without, unseen, turn)
			if i%2 == 1 {
				watched = drive(b, with, seen, turn)
			}
			added = append(added, watched.Seconds()/blind.Seconds())
		}
	}
	percent := 100 * (platformtest.Median(added) - 1)
	b.ReportMetric(percent, "%-added")
	if percent > 10 {
		b.Errorf("watching adds %.1f %% to reading, want 10 at most", percent)
	}
}

// logFile returns the log of a deployment, in a file.
func logFile(b *testing.B) *slog.Logger {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return platform.NewLogger(f, "info")
}

// longText returns about what a lesson has, and compresses like one.
func longText() string {
	words := strings.Fields("altitude pressure runway wind heading density engine margin weight balance table exact rule feet knots chart airspace approach")
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range 1200 {
		fmt.Fprintf(&b, "%s %d ", words[random.IntN(len(words))], random.IntN(10000))
	}
	return "<p>" + b.String() + "</p>"
}

func brotli(b *testing.B, h http.Handler, request []byte) []byte {
	b.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "br" {
		b.Fatal(w.Code, w.Header())
	}
	return w.Body.Bytes()
}

// BenchmarkHandler measures one request without the network.
func BenchmarkHandler(b *testing.B) {
	p := platformtest.New(b)
	p.Log = logFile(b)
	platformtest.Shelf(b, p)
	rt := router.New(p, lesson.Routes(p)...)
	r := platformtest.Request(b, nil, http.MethodGet, freePage, nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	w := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		rt.ServeHTTP(w, r)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// dial serves h, and connects to it n times.
func dial(b *testing.B, h http.Handler, n int) []platformtest.Line {
	b.Helper()
	s := httptest.NewServer(h)
	lines := make([]platformtest.Line, n)
	for i := range lines {
		var err error
		if lines[i], err = platformtest.Dial(s.Listener.Addr().String()); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		for _, l := range lines {
			_ = l.Close()
		}
		s.Close()
	})
	return lines
}

// drive sends total requests over all lines at once, and returns how long
// that took.
func drive(b *testing.B, lines []platformtest.Line, requests [][]byte, total int) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for n, l := range lines {
		all.Go(func() {
			for i := n; i < total; i += len(lines) {
				if status, err := l.Ask(requests[i%len(requests)]); err != nil || status != http.StatusOK {
					b.Errorf("answered %d, %v", status, err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}
