package analytics_test

import (
	"bytes"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pilothandbook/handbook/analytics"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
)

// attempt is a log that knows whether a write was tried and failed.
type attempt struct{ atomic.Bool }

func (a *attempt) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("analytics events wait to be written")) {
		a.Store(true)
	}
	return len(line), nil
}

// A thousand are written at once, fewer when the first of them has waited for a
// second. PostgreSQL is away, so that each write is a line of the log.
func TestThousandWaitForNoMore(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		batches []int
		atOnce  bool
	}{"a thousand": {[]int{1000}, true}, "one after 999": {[]int{999, 1}, true}, "one less": {[]int{998, 1}, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var tried attempt
				p, err := platform.Open(&config.Config{DatabaseURL: "postgres://nobody@127.0.0.1:1/none", DatabaseMaxConns: 1}, config.Web, slog.New(slog.NewTextHandler(&tried, nil)))
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				written := func(after time.Duration) bool {
					time.Sleep(after)
					synctest.Wait()
					return tried.Load()
				}
				r := analytics.NewRecorder(p)
				for _, n := range tc.batches {
					r.Add(many(n))
				}
				if written(time.Second-1) != tc.atOnce {
					t.Errorf("within the second it is written: %v", !tc.atOnce)
				}
				if !written(1) {
					t.Error("it is not written when the second is over")
				}
			})
		})
	}
}
