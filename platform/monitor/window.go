package monitor

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// Every is how often the log gets the line "Application Metrics:".
const Every = 5 * time.Minute

// lately is how many of the latest response times are kept for their average.
const lately = 100

// window is what happened since the last report.
type window struct {
	mu               sync.Mutex
	requests, errors int
	times            [lately]time.Duration // of request n at n % lately

	before totals // at the last report
}

// totals are what the pool and the cache have counted since the start.
type totals struct{ queries, hits, misses int64 }

func (w *window) request(took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times[w.requests%lately] = took
	w.requests++
}

func (w *window) error() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors++
}

// Figures are those of one window. Where nothing was measured they are 0.
type Figures struct {
	Requests, Errors int
	AvgResponseTime  int // of the last 100 requests, in milliseconds
	DatabaseQueries  int64
	CacheHitRate     int // of look-ups in Redis, in percent
}

// end returns the figures of the window and begins the next one.
func (w *window) end(now totals) Figures {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := Figures{
		Requests: w.requests, Errors: w.errors, DatabaseQueries: now.queries - w.before.queries,
		CacheHitRate: percent(now.hits-w.before.hits, now.misses-w.before.misses),
	}
	if n := min(w.requests, lately); n > 0 {
		var sum time.Duration
		for _, t := range w.times[:n] {
			sum += t
		}
		f.AvgResponseTime = int((sum / time.Duration(n)).Round(time.Millisecond).Milliseconds())
	}
	w.requests, w.errors, w.before = 0, 0, now
	return f
}

// percent returns how many of a and b are a, 0 of nothing.
func percent(a, b int64) int {
	if a+b == 0 {
		return 0
	}
	return int(math.Round(100 * float64(a) / float64(a+b)))
}

// Report returns the figures since the last report, and begins anew.
func (m *Monitor) Report() Figures {
	now := totals{queries: m.o.Pool.Queries()}
	for _, c := range m.o.Cache.Counts() {
		now.hits, now.misses = now.hits+c.Hits, now.misses+c.Misses
	}
	return m.window.end(now)
}

// Run writes a report into the log again and again until ctx ends, and then one
// of what was since the last.
func (m *Monitor) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	defer m.line()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.line()
		}
	}
}

// line writes a report into the log.
func (m *Monitor) line() {
	f := m.Report()
	m.o.Log.Info("Application Metrics:", "requests", f.Requests, "errors", f.Errors, "avgResponseTime", f.AvgResponseTime,
		"databaseQueries", f.DatabaseQueries, "cacheHitRate", fmt.Sprintf("%d%%", f.CacheHitRate),
		"timestamp", m.o.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
}
