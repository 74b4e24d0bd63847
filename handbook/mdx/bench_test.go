package mdx_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"pilothandbook/handbook/mdx"
)

// BenchmarkRender compares a lesson's way to its HTML with that of the bare
// Markdown library, which reads no front matter, checks and sanitises nothing.
func BenchmarkRender(b *testing.B) {
	src, err := os.ReadFile("testdata/lesson.mdx")
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, render func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := render(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	bare := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	run("bare", func() error { return bare.Convert(src, &bytes.Buffer{}) })
	run("lesson", func() error {
		mdx.Render("lessons/density-altitude.mdx", src, files)
		return nil
	})
	run("scan", func() error {
		mdx.Scan("lessons/density-altitude.mdx", src, files)
		return nil
	})
}
