package mdx_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"pilothandbook/handbook/mdx"
)

// BenchmarkRender compares a lesson's way to its HTML with that of the bare
// Markdown library, which reads no front matter, checks and sanitises nothing.
// They take turns over the handbook's own lessons, so that whatever else the
// machine does befalls them alike.
func BenchmarkRender(b *testing.B) {
	paths, err := filepath.Glob("../../content/*/lessons/*.mdx")
	if err != nil || len(paths) == 0 {
		b.Fatal(len(paths), err)
	}
	lessons, size := map[string][]byte{}, 0
	for _, path := range paths {
		if lessons[path], err = os.ReadFile(path); err != nil {
			b.Fatal(err)
		}
		size += len(lessons[path])
	}
	bare := goldmark.New(goldmark.WithExtensions(extension.GFM))
	var took [3]time.Duration
	for b.Loop() {
		for path, src := range lessons {
			for i, render := range []func(){
				func() { _ = bare.Convert(src, &bytes.Buffer{}) },
				func() { mdx.Render("lessons/"+filepath.Base(path), src, files) },
				func() { mdx.Scan("lessons/"+filepath.Base(path), src, files) },
			} {
				start := time.Now()
				render()
				took[i] += time.Since(start)
			}
		}
	}
	for i, name := range []string{"bare", "lesson", "scan"} {
		b.ReportMetric(float64(size*b.N)/1e6/took[i].Seconds(), name+"-MB/s")
	}
	b.ReportMetric(100*took[0].Seconds()/took[1].Seconds(), "%-of-bare")
}
