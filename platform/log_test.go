package platform_test

import (
	"strings"
	"testing"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/platformtest"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	var out platformtest.Paper
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
