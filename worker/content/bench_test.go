package content_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

// BenchmarkProcessModule makes versions of a module of 200 lessons and 300
// images, of which 100 are photographs, 100 drawings in pixels and 100 SVGs:
// first with images that are new, then, three times, with the same. Run it
// with -benchtime 1x.
func BenchmarkProcessModule(b *testing.B) {
	p := platformtest.New(b)
	jobs := content.Jobs{DB: p.DB, Images: optimise.Here{}}
	number := 0
	process := func(files fstest.MapFS) time.Duration {
		number++
		version := fmt.Sprintf("0.%d.0", number)
		edit(b, files, "module.yaml", "version: ", "version: "+version+" # after ")
		id := uploaded(b, p, "instrument", version, files)
		began := time.Now()
		if err := jobs.ProcessModule(b.Context(), job.ProcessModule{Source: id, Activate: true}); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	const unchanged = 3
	var cold, warm time.Duration
	for b.Loop() {
		files := illustrated(b, 200, 100, number)
		cold += process(files)
		for range unchanged {
			warm += process(files) / unchanged
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(cold.Seconds()/float64(b.N), "s/cold")
	b.ReportMetric(warm.Seconds()/float64(b.N), "s/unchanged")
	b.ReportMetric(cold.Seconds()/warm.Seconds(), "cold/unchanged")
	if status, err := os.ReadFile("/proc/self/status"); err == nil { // of this process, without PostgreSQL
		kib, _ := strconv.Atoi(string(regexp.MustCompile(`VmHWM:\s*(\d+)`).FindSubmatch(status)[1]))
		b.ReportMetric(float64(kib)/1024, "MiB-peak")
	}
}

// illustrated is a module of lessons that show the images of three kinds in
// turn. Another seed gives other images.
func illustrated(b *testing.B, lessons, ofEachKind, seed int) fstest.MapFS {
	files := module(b, "testdata/module")
	text := string(files["lessons/altimeter.mdx"].Data)
	var list strings.Builder
	for i := range lessons {
		name := fmt.Sprintf("lessons/copy-%d.mdx", i)
		show := fmt.Sprintf("\n![A photograph.](../media/photo-%d.jpg)\n", i%ofEachKind)
		if i >= ofEachKind {
			show = fmt.Sprintf("\n![A panel.](../media/panel-%d.png)\n\n![A column.](../media/column-%[1]d.svg)\n", i%ofEachKind)
		}
		files[name] = &fstest.MapFile{Data: []byte(text + show)}
		fmt.Fprintf(&list, "  - {id: copy-%d, file: %s}\n", i, name)
	}
	files["module.yaml"] = &fstest.MapFile{Data: append(files["module.yaml"].Data, list.String()...)}
	column := files["media/column.svg"].Data
	for i := range ofEachKind {
		picture := painted(byte(i), byte(seed))
		var photo, panel bytes.Buffer
		if err := jpeg.Encode(&photo, picture, &jpeg.Options{Quality: 92}); err != nil {
			b.Fatal(err)
		}
		if err := png.Encode(&panel, ruled(picture.Rect, byte(i), byte(seed))); err != nil {
			b.Fatal(err)
		}
		files[fmt.Sprintf("media/photo-%d.jpg", i)] = &fstest.MapFile{Data: photo.Bytes()}
		files[fmt.Sprintf("media/panel-%d.png", i)] = &fstest.MapFile{Data: panel.Bytes()}
		files[fmt.Sprintf("media/column-%d.svg", i)] = &fstest.MapFile{Data: fmt.Appendf(bytes.Clone(column), "<!-- %d %d -->", i, seed)}
	}
	return files
}

// painted is a picture of many colours, as a camera's.
func painted(n, seed byte) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 1200, 800))
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			m.SetRGBA(x, y, color.RGBA{byte(x/5) + n, byte(y/4) ^ seed, byte((x*7 ^ y*13) % 32), 255})
		}
	}
	return m
}

// ruled is a picture of few colours, as a drawing.
func ruled(size image.Rectangle, n, seed byte) *image.Paletted {
	m := image.NewPaletted(size, color.Palette{color.White, color.Black, color.RGBA{n, seed, 90, 255}})
	for i := range m.Pix {
		x, y := i%m.Stride, i/m.Stride
		switch {
		case x%60 < 2 || y%60 < 2:
			m.Pix[i] = 1
		case (x/60+y/60)%3 == 0:
			m.Pix[i] = 2
		}
	}
	return m
}
