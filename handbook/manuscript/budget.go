package manuscript

import (
	"compress/gzip"
	"io"

	"pilothandbook/handbook/mdx"
)

// What a lesson may weigh, so that it is there in a moment on a slow line too:
// its text as it is sent, and its images as they are kept.
const (
	maxText    = 150 << 10
	maxFigures = 4 << 20
)

// compressed is the size of a text as it is sent. One that is within its
// budget anyway is not compressed to know.
func compressed(html string) int {
	if len(html) <= maxText {
		return len(html)
	}
	var sum counter
	z := gzip.NewWriter(&sum)
	_, _ = io.WriteString(z, html) // a counter takes everything
	_ = z.Close()
	return int(sum)
}

// counter counts what is written to it.
type counter int

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// budget checks what a lesson weighs.
func (g *gate) budget(file string, l seen) {
	if l.size > maxText {
		g.fault(file, 0, 0, "the lesson's text is %d KiB as it is sent, over its budget of %d KiB; split the lesson", l.size>>10, maxText>>10)
	}
	shown := map[string]bool{}
	var sum, most int64
	var heaviest mdx.Image
	for _, i := range l.Images {
		if shown[i.Path] {
			continue
		}
		shown[i.Path] = true
		size := g.m.file(i.Path).Size
		if sum += size; size > most {
			most, heaviest = size, i
		}
	}
	if sum > maxFigures {
		g.fault(file, heaviest.Line, heaviest.Column, "the lesson's images are %.1f MiB together, over their budget of %d MiB; make them smaller, first of all %s with %.1f MiB",
			float64(sum)/(1<<20), maxFigures>>20, heaviest.Path, float64(most)/(1<<20))
	}
}
