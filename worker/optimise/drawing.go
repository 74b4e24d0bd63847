package optimise

import (
	"bytes"
	"fmt"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/svg"

	"pilothandbook/handbook/manuscript"
)

// Drawing makes the file of an SVG: without comments and whatever else is not
// seen. What the minifier wrote is held to the same list as what the author
// did; if it fails, or has another size, the original stays.
func Drawing(src []byte) (File, error) {
	width, height, faults := manuscript.CheckSVG(src)
	if len(faults) > 0 {
		return File{}, Damaged{fmt.Errorf("%s", faults[0].Text)}
	}
	f := File{Body: src, ContentType: "image/svg+xml", Width: width, Height: height}
	m := minify.New()
	m.AddFunc("text/css", css.Minify)
	var b bytes.Buffer
	if err := svg.Minify(m, &b, bytes.NewReader(src), nil); err != nil {
		return f, nil
	}
	if w, h, faults := manuscript.CheckSVG(b.Bytes()); len(faults) == 0 && w == width && h == height && b.Len() < len(src) {
		f.Body = b.Bytes()
	}
	return f, nil
}
