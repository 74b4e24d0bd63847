package mdx_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"pilothandbook/handbook/mdx"
)

// BenchmarkRender compares a lesson's way to its HTML with that of the bare
// Markdown library, which reads no front matter, checks and sanitises nothing.
// They take turns over the handbook's own lessons, so that whatever else the
// machine does befalls them alike; the medians are
// told.
func BenchmarkRender(b *testing.B) {
	paths, err := filepath.Glob("../../content/*/lessons/*.mdx")
	if err != nil || len(paths) == 0 {
		b.Fatal(len(paths), err)
	}
	lessons, size := map[string][]byte{}, 0
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		lessons["lessons/"+filepath.Base(path)], size = src, size+len(src)
	}
	bare := goldmark.New(goldmark.WithExtensions(extension.GFM))
	ways := []struct {
		name   string
		render func(path string, src []byte)
		took   []time.Duration // each time, for all lessons
	}{
		{name: "bare", render: func(_ string, src []byte) { _ = bare.Convert(src, &bytes.Buffer{}) }},
		{name: "lesson", render: func(path string, src []byte) { mdx.Render(path, src, files) }},
		{name: "scan", render: func(path string, src []byte) { mdx.Scan(path, src, files) }},
	}
	for b.Loop() {
		for i := range ways {
			start := time.Now()
			for path, src := range lessons {
				ways[i].render(path, src)
			}
			ways[i].took = append(ways[i].took, time.Since(start))
		}
	}
	median := func(i int) float64 {
		slices.Sort(ways[i].took)
		return ways[i].took[len(ways[i].took)/2].Seconds()
	}
	for i, way := range ways {
		b.ReportMetric(float64(size)/1e6/median(i), way.name+"-MB/s")
	}
	b.ReportMetric(100*median(0)/median(1), "%-of-bare")
}
