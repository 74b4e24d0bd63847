package analytics_test

import (
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

// The figures of the benchmark: 500 lessons and 5,000 events a second.
const (
	phase   = 2 * time.Second
	lessons = 2 * time.Millisecond  // between two that are read
	posts   = 20 * time.Millisecond // between two requests of 100 events
)

// BenchmarkBesideLessons reads lessons at a steady pace, in turn with nothing
// else and while 5,000 events a second arrive, and compares their p99.
func BenchmarkBesideLessons(b *testing.B) {
	p := platformtest.New(b)
	platformtest.Shelf(b, p)
	ana := platformtest.Learner(b, p, "ana@example.com")
	platformtest.Grant(b, p, ana, "instrument")
	h := router.New(p, slices.Concat(lesson.Routes(p), analytics.Routes(p))...)
	others := make([]*platformtest.User, 50) // each sends once a second
	for i := range others {
		others[i] = platformtest.Learner(b, p, strconv.Itoa(i)+"@example.com")
	}
	events := slices.Repeat([]string{event("lesson-read", 0, holding)}, 100)
	var quiet, busy []time.Duration
	told := 0
	var next atomic.Int64
	for b.Loop() {
		quiet = append(quiet, steadily(lessons, func() { read200(b, h, ana) })...)
		var all sync.WaitGroup
		all.Go(func() { busy = append(busy, steadily(lessons, func() { read200(b, h, ana) })...) })
		all.Go(func() {
			told += 100 * len(steadily(posts, func() {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, request(b, others[next.Add(1)%50], events...)); w.Code != http.StatusAccepted {
					b.Errorf("%d %s", w.Code, w.Body)
				}
			}))
		})
		all.Wait()
	}
	p.Flush()
	kept, err := strconv.Atoi(platformtest.Text(b, p, `SELECT count(*)::text FROM analytics_events`))
	if err != nil || kept != told {
		b.Errorf("%d of %d events are stored, %v", kept, told, err)
	}
	b.ReportMetric(float64(told)/(float64(b.N)*phase.Seconds()), "events/s")
	b.ReportMetric(p99(quiet).Seconds()*1000, "quiet-p99-ms")
	b.ReportMetric(p99(busy).Seconds()*1000, "busy-p99-ms")
	b.ReportMetric(p99(busy).Seconds()/p99(quiet).Seconds(), "p99-ratio")
}

// read200 reads a lesson.
func read200(b *testing.B, h http.Handler, who *platformtest.User) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, platformtest.Request(b, who, http.MethodGet, "/modules/instrument/lessons/holding", nil))
	if w.Code != http.StatusOK {
		b.Errorf("lesson: %d", w.Code)
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
