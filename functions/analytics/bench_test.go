package analytics_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pilothandbook/functions/analytics"
	"pilothandbook/functions/lesson"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// The figures of the benchmark: 500 lessons a second, and 2,500 requests of
// browsers with one to three events, which are 5,000 events.
const (
	phase   = 5 * time.Second
	lessons = 2 * time.Millisecond   // between two that are read
	posts   = 400 * time.Microsecond // between two requests
	readers = 600                    // so that each stays below its limit
)

// BenchmarkBesideLessons reads lessons at a steady pace over HTTP, in turn with
// nothing else and while 5,000 events a second arrive from signed-in readers of
// as many addresses, and compares their p99. Sessions and limits are checked as
// they are for everybody.
func BenchmarkBesideLessons(b *testing.B) {
	cfg := platformtest.Config(b)
	cfg.TrustedProxies, cfg.LogLevel = 1, "warn"
	p := platformtest.Open(b, cfg)
	platformtest.Shelf(b, p)
	s := httptest.NewServer(router.New(p, slices.Concat(lesson.Routes(p), analytics.Routes(p))...))
	b.Cleanup(s.Close)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}
	class := make([]*platformtest.User, readers)
	for i := range class {
		class[i] = platformtest.Learner(b, p, strconv.Itoa(i)+"@example.com")
		platformtest.Grant(b, p, class[i], "instrument")
	}
	var next, sent atomic.Int64
	read := func() {
		ask(b, c, s.URL, platformtest.Request(b, class[0], http.MethodGet, "/modules/instrument/lessons/holding", nil), 0, http.StatusOK)
	}
	tell := func() {
		n := next.Add(1)
		events := slices.Repeat([]string{event("lesson-read", 0, holding)}, int(1+n%3))
		ask(b, c, s.URL, request(b, class[n%readers], events...), n%readers, http.StatusAccepted)
		sent.Add(int64(len(events)))
	}
	var quiet, busy []time.Duration
	var took time.Duration
	for b.Loop() {
		quiet = append(quiet, steadily(lessons, read)...)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() { busy = append(busy, steadily(lessons, read)...) })
		all.Go(func() { steadily(posts, tell) })
		all.Wait()
		took += time.Since(began)
	}
	p.Flush()
	kept := platformtest.Text(b, p, `SELECT count(*)::text FROM analytics_events`)
	if kept != strconv.FormatInt(sent.Load(), 10) {
		b.Errorf("%s of %d events are stored", kept, sent.Load())
	}
	rate, ratio := float64(sent.Load())/took.Seconds(), p99(busy).Seconds()/p99(quiet).Seconds()
	b.ReportMetric(rate, "events/s")
	b.ReportMetric(float64(next.Load())/took.Seconds(), "requests/s")
	b.ReportMetric(p99(quiet).Seconds()*1000, "quiet-p99-ms")
	b.ReportMetric(p99(busy).Seconds()*1000, "busy-p99-ms")
	b.ReportMetric(ratio, "p99-ratio")
	if rate < 0.99*5000 { // the last answers come after the phase
		b.Errorf("%.0f events a second arrived, want 5,000", rate)
	}
	if ratio > 1.2 {
		b.Errorf("the p99 of lessons is %v with events and %v without: %.2f times as long, want 1.2 at most", p99(busy), p99(quiet), ratio)
	}
}

// ask sends a request over HTTP, from the nth address, and reads the answer.
func ask(b *testing.B, c *http.Client, url string, r *http.Request, n int64, status int) {
	out, err := http.NewRequestWithContext(b.Context(), r.Method, url+r.URL.Path, r.Body)
	if err != nil {
		b.Error(err)
		return
	}
	out.Header = r.Header
	out.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.%d.%d", n/250, n%250))
	got, err := c.Do(out)
	if err != nil {
		b.Error(err)
		return
	}
	defer got.Body.Close()
	if _, err := io.Copy(io.Discard, got.Body); err != nil || got.StatusCode != status {
		b.Errorf("%s %s: %d, %v", r.Method, r.URL, got.StatusCode, err)
	}
}

// steadily does something at a pace for a phase, whether or not the one before
// has ended, and returns how long after its time each ended.
func steadily(pace time.Duration, do func()) []time.Duration {
	took := make([]time.Duration, phase/pace)
	began := time.Now()
	var all sync.WaitGroup
	for i := range took {
		due := began.Add(time.Duration(i) * pace)
		time.Sleep(time.Until(due))
		all.Go(func() {
			do()
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	return took
}

func p99(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)*99/100]
}
