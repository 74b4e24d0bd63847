package mdx_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"pilothandbook/author/foreign"
	"pilothandbook/handbook/mdx"
)

// BenchmarkRender compares a lesson's way to its HTML with that of the bare
// Markdown library, which reads no front matter, checks and sanitises nothing.
// Both take turns over the same lessons, so that whatever else the machine does
// befalls them alike: what counts is their ratio, the median of all turns.
// Components of modules are kept, and formulas are found, not set: both is for
// others to measure.
func BenchmarkRender(b *testing.B) {
	r := files
	r.Unknown = mdx.Keep
	b.Run("foreign", func(b *testing.B) { takeTurns(b, imported(b), r) })
	r.Math = func(tex string, _ bool) (mdx.Formula, error) {
		return mdx.Formula{HTML: "<math></math>", Text: tex}, nil
	}
	b.Run("ours", func(b *testing.B) { takeTurns(b, contents(b), r) })
}

func takeTurns(b *testing.B, lessons map[string][]byte, r mdx.Resolver) {
	size := 0
	for path, src := range lessons {
		size += len(src)
		if _, faults := mdx.Render(path, src, r); len(faults) > 0 {
			b.Fatalf("%s: %s", path, text(faults)) // and then it is not rendered
		}
	}
	bare := goldmark.New(goldmark.WithExtensions(extension.GFM))
	// speed is that of a way through all lessons, several times over, in MB/s.
	// Each collects its own garbage.
	speed := func(render func(path string, src []byte)) float64 {
		const times = 5
		runtime.GC()
		start := time.Now()
		for range times {
			for path, src := range lessons {
				render(path, src)
			}
		}
		return float64(times*size) / 1e6 / time.Since(start).Seconds()
	}
	figures := map[string][]float64{}
	for b.Loop() {
		floor := speed(func(_ string, src []byte) { _ = bare.Convert(src, &bytes.Buffer{}) })
		rendered := speed(func(path string, src []byte) { mdx.Render(path, src, r) })
		scanned := speed(func(path string, src []byte) { mdx.Scan(path, src, r) })
		for unit, is := range map[string]float64{
			"bare-MB/s": floor, "render-MB/s": rendered, "render-%-of-bare": 100 * rendered / floor, "scan-%-of-bare": 100 * scanned / floor,
		} {
			figures[unit] = append(figures[unit], is)
		}
	}
	for unit, all := range figures {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], unit)
	}
}

// imported are files that nobody here wrote, made lessons of.
func imported(tb testing.TB) map[string][]byte {
	tb.Helper()
	from, to := filepath.Join(tb.TempDir(), "from"), filepath.Join(tb.TempDir(), "to")
	if err := os.CopyFS(from, unpack(tb, "testdata/reference/corpus.tar.gz")); err != nil {
		tb.Fatal(err)
	}
	err := foreign.Import(foreign.Options{From: from, To: to, Key: "instrument", Date: "2026-11-23", Keep: true, Out: io.Discard})
	if err != nil {
		tb.Fatal(err)
	}
	lessons := map[string][]byte{}
	module := os.DirFS(to)
	err = fs.WalkDir(module, "lessons", func(name string, e fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".mdx" {
			lessons[name], err = fs.ReadFile(module, name)
		}
		return err
	})
	if err != nil || len(lessons) != 289 {
		tb.Fatalf("%d lessons, %v; want 289", len(lessons), err)
	}
	return lessons
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
