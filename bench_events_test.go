package main

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// The figures of the benchmark: 500 lessons a second, and 2,500 requests of
// browsers with one to three events, which are 5,000 events.
const (
	phase    = 2 * time.Second
	turns    = 15
	lessons  = 2 * time.Millisecond   // between two that are read
	posts    = 400 * time.Microsecond // between two requests
	browsers = 600                    // so that each stays below its limit
)

// BenchmarkBesideLessons reads lessons of a deployment at a steady pace: by turns
// with nothing else, while a bare server answers as many requests as browsers
// send, and while 5,000 events a second arrive from signed-in readers of as many
// addresses. What sends them takes a part of the same cores, so that the p99 of
// lessons counts against that beside the bare server, in the median of all turns.
func BenchmarkBesideLessons(b *testing.B) {
	d := deploy(b)
	p := platformtest.Open(b, d.cfg)
	platformtest.Shelf(b, p)
	read, told := requests(b, p)
	bare := startBare(b, d)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // here, not where it is answered
	turn := func(beside string, status int) time.Duration {
		var all sync.WaitGroup
		if beside != "" {
			all.Go(func() { steadily(b, beside, 64, posts, status, told) })
		}
		took := steadily(b, d.base, 16, lessons, http.StatusOK, read)
		all.Wait()
		slices.Sort(took)
		return took[len(took)*99/100]
	}
	turn(d.base, http.StatusAccepted) // everybody is known, and connected
	var bareCost, cost, whole []float64
	sent := eventsOf(int(phase / posts))
	for b.Loop() {
		for range turns {
			alone, control, busy := turn("", 0), turn(bare, http.StatusNotFound), turn(d.base, http.StatusAccepted)
			bareCost = append(bareCost, control.Seconds()/alone.Seconds())
			cost = append(cost, busy.Seconds()/control.Seconds())
			whole = append(whole, busy.Seconds()/alone.Seconds())
			sent += eventsOf(int(phase / posts))
		}
	}
	eventually(b, "all events are stored", func() bool {
		return platformtest.Text(b, p, `SELECT count(*)::text FROM analytics_events`) == strconv.Itoa(sent)
	})
	b.ReportMetric(memory(b, d.web.Process.Pid, "VmHWM:"), "MiB-at-most")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(platformtest.Median(bareCost), "bare/alone")
	b.ReportMetric(platformtest.Median(cost), "events/bare")
	b.ReportMetric(platformtest.Median(whole), "events/alone")
	if m := platformtest.Median(cost); m > 1.2 {
		b.Errorf("beside events the p99 of lessons is %.2f times as long as beside a bare server, want 1.2 at most: %.2f", m, cost)
	}
}

// eventsOf returns how many events so many requests tell of.
func eventsOf(requests int) (n int) {
	for i := range requests {
		n += 1 + i%3
	}
	return n
}

// requests returns a lesson to read, and what the browsers of as many readers
// tell: one to three events each.
func requests(b *testing.B, p *platform.Platform) (read, told [][]byte) {
	b.Helper()
	event := fmt.Sprintf(`{"kind":"lesson-read","at":%q,"module":"instrument","lesson":"holding","version":"1.0.0"}`, time.Now().UTC().Format(time.RFC3339))
	for i := range browsers {
		who := platformtest.Learner(b, p, fmt.Sprintf("%d@example.com", i))
		platformtest.Grant(b, p, who, "instrument")
		headers := fmt.Sprintf("Host: localhost\r\nX-Forwarded-For: 192.0.%d.%d\r\nSec-Fetch-Site: same-origin\r\nCookie: %s=%s\r\n", i/250, i%250, account.SessionCookie, who.Secret)
		if i == 0 {
			read = append(read, fmt.Appendf(nil, "GET /modules/instrument/lessons/holding HTTP/1.1\r\n%sAccept-Encoding: br\r\n\r\n", headers))
		}
		body := `{"events":[` + strings.Join(slices.Repeat([]string{event}, 1+i%3), ",") + `]}`
		told = append(told, fmt.Appendf(nil, "POST /api/analytics HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", headers, len(body), body))
	}
	return read, told
}

// startBare starts the least service, which knows none of these requests, and
// returns its address.
func startBare(b *testing.B, d *deployment) string {
	b.Helper()
	bin := buildBare(b)
	port := platformtest.FreePort(b)
	launch(b, bin, b.TempDir(), append(d.env, "PORT="+strconv.Itoa(port)))
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	eventually(b, "the bare server is healthy", func() bool { return answers(base, "/api/health") })
	return base
}

// steadily sends requests in turn over so many connections at a pace for a
// phase, and returns how long after its time each was answered.
func steadily(b *testing.B, base string, connections int, pace time.Duration, status int, requests [][]byte) []time.Duration {
	took := make([]time.Duration, phase/pace)
	began := time.Now()
	var all sync.WaitGroup
	for n := range connections {
		all.Go(func() {
			line, err := platformtest.Dial(strings.TrimPrefix(base, "http://"))
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = line.Close() }()
			for i := n; i < len(took); i += connections {
				due := began.Add(time.Duration(i) * pace)
				time.Sleep(time.Until(due))
				if got, err := line.Ask(requests[i%len(requests)]); err != nil || got != status {
					b.Errorf("answered %d, %v", got, err)
					return
				}
				took[i] = time.Since(due)
			}
		})
	}
	all.Wait()
	return took
}
