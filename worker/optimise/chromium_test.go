package optimise_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/platform/platformtest/hostile"
	"pilothandbook/worker/optimise"
)

// Of the drawings that somebody would write to do harm those that pass the gate
// do none in a browser that shows them as pages of their own, and that no
// policy holds back.
func TestDrawingsDoNoHarm(t *testing.T) {
	t.Parallel()
	var raw, passed []chromium.Document
	for _, src := range hostile.Drawings() {
		raw = append(raw, chromium.Document{Type: "image/svg+xml", Body: src})
		_, faults := manuscript.Read(fstest.MapFS{"media/a.svg": {Data: []byte(src)}})
		refused := false
		for _, f := range faults {
			refused = refused || f.File == "media/a.svg"
		}
		if refused {
			continue
		}
		out, err := optimise.Drawing([]byte(src))
		if err != nil {
			t.Errorf("%s: %v", src, err)
		}
		passed = append(passed, chromium.Document{Type: "image/svg+xml", Body: string(out.Body)})
	}
	if len(passed) == 0 || len(passed) == len(raw) {
		t.Errorf("%d of %d pass the gate", len(passed), len(raw))
	}
	b := chromium.Start(t)
	if did := chromium.Harm(t, b, passed); len(did) > 0 {
		t.Errorf("this happened:\n%s", strings.Join(did, "\n"))
	}
	did := strings.Join(chromium.Harm(t, b, raw), "\n")
	for _, want := range []string{"<script>alert(1)</script>", `onload="alert(1)"`, "asks //other.invalid/a.png"} {
		if !strings.Contains(did, want) {
			t.Errorf("what does not pass the gate does not show %q", want)
		}
	}
}
