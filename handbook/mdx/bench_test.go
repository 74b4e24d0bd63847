package mdx_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"pilothandbook/handbook/mdx"
)

// BenchmarkRender compares a lesson's way to its HTML with that of the bare
// Markdown library, which reads no front matter, checks and sanitises nothing.
// Both take turns over the handbook's own lessons, so that whatever else the
// machine does befalls them alike: what counts is their ratio, the median of
// all turns.
func BenchmarkRender(b *testing.B) {
	lessons := contents(b)
	bare := goldmark.New(goldmark.WithExtensions(extension.GFM))
	// took is how long a way takes for all lessons, several times over, so
	// that each collects its own garbage.
	took := func(render func(path string, src []byte)) float64 {
		runtime.GC()
		start := time.Now()
		for range 5 {
			for path, src := range lessons {
				render(path, src)
			}
		}
		return time.Since(start).Seconds()
	}
	var rendered, scanned []float64
	for b.Loop() {
		floor := took(func(_ string, src []byte) { _ = bare.Convert(src, &bytes.Buffer{}) })
		rendered = append(rendered, floor/took(func(path string, src []byte) { mdx.Render(path, src, files) }))
		scanned = append(scanned, floor/took(func(path string, src []byte) { mdx.Scan(path, src, files) }))
	}
	slices.Sort(rendered)
	slices.Sort(scanned)
	b.ReportMetric(100*rendered[len(rendered)/2], "render-%-of-bare")
	b.ReportMetric(100*scanned[len(scanned)/2], "scan-%-of-bare")
}

// contents are the handbook's own lessons.
func contents(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("../../content/*/lessons/*.mdx")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("%d lessons, %v", len(paths), err)
	}
	lessons := map[string][]byte{}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		lessons["lessons/"+filepath.Base(path)] = src
	}
	return lessons
}
