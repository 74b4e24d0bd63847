package platformtest

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"pilothandbook/platform"
	"pilothandbook/platform/monitor"
)

// Metrics returns what the process counts itself, in Prometheus's format.
func Metrics(t testing.TB, p *platform.Platform) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := p.Monitor.Write(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil), &monitor.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// Metric returns the value of a series, which has its labels in their order.
func Metric(t testing.TB, p *platform.Platform, series string) float64 {
	t.Helper()
	for line := range strings.Lines(Metrics(t, p)) {
		if text, ok := strings.CutPrefix(line, series+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("there is no %s", series)
	return 0
}
