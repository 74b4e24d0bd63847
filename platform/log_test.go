package platform_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/origin"
)

// sink is a file that tells what was written so far.
type sink struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestLogger(t *testing.T) {
	t.Parallel()
	var out sink
	log := platform.NewLogger(&out, "info")
	log.Debug("hidden")
	log.Info("first")
	log.With("a", 1).Warn("second")
	if got := out.String(); !strings.Contains(got, `"msg":"first"`) || !strings.Contains(got, `"msg":"second","a":1`) || strings.Contains(got, "hidden") {
		t.Errorf("after a warning the log holds %q", got)
	}
	log.InfoContext(origin.With(t.Context(), origin.Origin{Request: "abc"}), "of a request")
	log.Info("third")
	platform.FlushLog(log)
	if got := out.String(); !strings.Contains(got, "third") || !strings.Contains(got, `"msg":"of a request","request":"abc"`) {
		t.Errorf("after a flush the log holds %q", out.String())
	}
	log.Info("fourth")
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "fourth"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a line never comes")
		}
	}
}
