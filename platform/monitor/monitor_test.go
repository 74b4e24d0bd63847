package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func wants(t *testing.T, got string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	m := p.Monitor
	m.Request("GET", "/modules/:module", 200, 3*time.Millisecond)
	m.Request("GET", "/modules/:module", 404, 30*time.Millisecond)
	for i := range 1000 {
		m.Request(fmt.Sprint("METHOD", i), "", 404, time.Millisecond) // a scanner
	}
	got := platformtest.Metrics(t, p)
	wants(t, got, `handbook_requests_total{method="GET",route="/modules/:module",status="200"} 1`,
		`handbook_requests_total{method="GET",route="/modules/:module",status="404"} 1`,
		`handbook_requests_total{method="other",route="none",status="404"} 1000`,
		`handbook_request_seconds_bucket{method="GET",route="/modules/:module",le="0.0025"} 0`,
		`handbook_request_seconds_bucket{method="GET",route="/modules/:module",le="0.005"} 1`,
		`handbook_request_seconds_count{method="GET",route="/modules/:module"} 2`)
	if n := strings.Count(got, "handbook_requests_total{"); n != 3 {
		t.Errorf("%d series of requests, want 3", n)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	p := platformtest.New(t)
	p.Monitor = monitor.New(monitor.Options{Pool: p.DB, Memory: p.Memory, Log: platform.NewLogger(&log, "info"), Now: time.Now})
	m := p.Monitor
	var told []monitor.Incident
	m.OnError(func(_ context.Context, i monitor.Incident) { told = append(told, i) })
	wants(t, platformtest.Metrics(t, p), `handbook_errors_total{kind="internal",source="web"} 0`)
	ctx := origin.With(t.Context(), origin.Origin{Request: "abc"})
	m.Error(ctx, monitor.Incident{Err: errors.New("lost"), Source: monitor.Work, Where: "welcome-email"})
	m.Error(ctx, monitor.Incident{Err: errors.New("full"), Kind: fault.Full, Source: monitor.Web, Where: "GET /"})
	wants(t, platformtest.Metrics(t, p), `handbook_errors_total{kind="internal",source="job"} 1`, `handbook_errors_total{kind="full",source="web"} 1`)
	if !strings.Contains(log.String(), `"msg":"Application error:","where":"welcome-email","fault":"internal","err":"lost","request":"abc"`) {
		t.Errorf("the log holds %s", log.String())
	}
	if len(told) != 2 || told[0].Where != "welcome-email" || m.Report().Errors != 2 {
		t.Errorf("told of %+v", told)
	}
}

// An empty window, and one without look-ups, are zeros; each report begins anew.
func TestReport(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	m := p.Monitor
	if got := m.Report(); got != (monitor.Figures{}) {
		t.Errorf("of nothing: %+v", got)
	}
	for range 50 {
		m.Request("GET", "/", 200, time.Hour) // not among the last 100
	}
	for i := range 100 {
		m.Request("GET", "/", 200, time.Duration(i)*time.Millisecond)
	}
	for range 3 {
		if _, err := p.DB.Exec(t.Context(), `SELECT 1`); err != nil {
			t.Fatal(err)
		}
	}
	cache.Set(t.Context(), p.Cache, cache.Search, "k", 1)
	for _, key := range []string{"k", "k", "other"} {
		cache.Get[int](t.Context(), p.Cache, cache.Search, key)
	}
	want := monitor.Figures{Requests: 150, AvgResponseTime: 50, DatabaseQueries: 3, CacheHitRate: 67} // of 49.5 ms, and two of three
	if got := m.Report(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := m.Report(); got != (monitor.Figures{}) {
		t.Errorf("afterwards: %+v", got)
	}
	wants(t, platformtest.Metrics(t, p), `handbook_cache_lookups_total{result="hit",strategy="search"} 2`,
		`handbook_cache_lookups_total{result="miss",strategy="search"} 1`, `handbook_database_queries_total 3`)
}

// Nothing that happens while reports are taken is lost or counted twice.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	m := platformtest.New(t).Monitor
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				m.Request("GET", "/", 200, time.Millisecond)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	sum := 0
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		sum += m.Report().Requests
	}
	if sum != 8000 {
		t.Errorf("%d requests in all reports, want 8000", sum)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		m := monitor.New(monitor.Options{Pool: p.DB, Memory: p.Memory, Log: platform.NewLogger(&log, "info"), Now: time.Now})
		ctx, stop := context.WithCancel(t.Context())
		go m.Run(ctx, monitor.Every)
		m.Request("GET", "/", 200, 1500*time.Microsecond)
		time.Sleep(monitor.Every + time.Second) // of the bubble's clock
		synctest.Wait()
		written := log.String()
		m.Request("GET", "/", 200, time.Second)
		m.Request("GET", "/", 200, time.Second)
		stop()
		time.Sleep(time.Second) // as lines are gathered for a while
		synctest.Wait()
		if last := strings.TrimPrefix(log.String(), written); strings.Count(last, "\n") != 1 || !strings.Contains(last, `"requests":2`) {
			t.Errorf("it ends with %q", last)
		}
		var line struct {
			Msg             string
			Requests        int
			AvgResponseTime int
			CacheHitRate    string
			Timestamp       time.Time
		}
		if err := json.Unmarshal([]byte(written), &line); err != nil {
			t.Fatal(err, written)
		}
		if line.Msg != "Application Metrics:" || line.Requests != 1 || line.AvgResponseTime != 2 || line.CacheHitRate != "0%" || line.Timestamp.IsZero() {
			t.Errorf("got %s", written)
		}
	})
}
