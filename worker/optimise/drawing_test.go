package optimise_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/worker/optimise"
)

// TestDrawing minifies the handbook's own drawings: smaller, of the same size,
// with their words, and still what the gate lets through.
func TestDrawing(t *testing.T) {
	t.Parallel()

	drawings, err := filepath.Glob("../../content/*/media/*.svg")
	if err != nil || len(drawings) == 0 {
		t.Fatalf("%d drawings, %v", len(drawings), err)
	}
	for _, file := range drawings {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := optimise.Drawing(src)
		if err != nil || len(f.Body) >= len(src) {
			t.Errorf("%s: %d bytes of %d, %v", file, len(f.Body), len(src), err)
		}
		width, height, faults := manuscript.CheckSVG(f.Body)
		if len(faults) > 0 || width != f.Width || height != f.Height {
			t.Errorf("%s: %d × %d, want %d × %d; %v", file, width, height, f.Width, f.Height, faults)
		}
		if text := string(f.Body); !strings.Contains(text, "viewBox=") || strings.Count(text, "<text") != strings.Count(string(src), "<text") {
			t.Errorf("%s has lost its box or a label", file)
		}
	}
}

func TestDrawingStripped(t *testing.T) {
	t.Parallel()

	const style = `<style>/* night */ rect { fill: #ffffff }</style>`
	f, err := optimise.Drawing([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><!-- drawn by Ana -->` + style + `<rect width="40.000" height="20"/></svg>`))
	if err != nil || f.Width != 40 || f.Height != 20 {
		t.Fatal(f, err)
	}
	if text := string(f.Body); strings.Contains(text, "Ana") || strings.Contains(text, "night") || !strings.Contains(text, `viewBox="0 0 40 20"`) {
		t.Errorf("got %s", text)
	}
	_, err = optimise.Drawing([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><script>alert(1)</script></svg>`))
	if _, ok := errors.AsType[optimise.Damaged](err); !ok {
		t.Errorf("a script gave %v", err)
	}
}
