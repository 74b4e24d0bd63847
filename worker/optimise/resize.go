package optimise

import (
	"image"
	"iter"

	"golang.org/x/image/draw"
)

// strip is how many rows or columns are resampled at once. The library keeps
// 32 bytes for each pixel that it is half through with.
const strip = 64

// resize resamples an image to w × h pixels: across, in strips of rows, and
// then down, in strips of columns. Within a strip the other side keeps its
// size, at which the filter changes nothing, so that strips meet without a
// seam.
func resize(m image.Image, w, h int) *image.RGBA {
	b := m.Bounds()
	if rgba, ok := m.(*image.RGBA); ok && b == image.Rect(0, 0, w, h) {
		return rgba
	}
	across := image.NewRGBA(image.Rect(0, 0, w, b.Dy()))
	rows := draw.CatmullRom.NewScaler(w, strip, b.Dx(), strip)
	for from, to := range strips(b.Dy()) {
		scale(rows, across, image.Rect(0, from, w, to), m, image.Rect(b.Min.X, b.Min.Y+from, b.Max.X, b.Min.Y+to))
	}
	if h == b.Dy() {
		return across
	}
	down := image.NewRGBA(image.Rect(0, 0, w, h))
	columns := draw.CatmullRom.NewScaler(strip, h, strip, b.Dy())
	for from, to := range strips(w) {
		scale(columns, down, image.Rect(from, 0, to, h), across, image.Rect(from, 0, to, b.Dy()))
	}
	return down
}

// strips are where each strip of n rows or columns begins and ends.
func strips(n int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for from := 0; from < n && yield(from, min(from+strip, n)); from += strip {
		}
	}
}

// scale uses a scaler that keeps its memory. (Of what it is not made for, such
// as the last strip, it makes another.)
func scale(s draw.Scaler, dst *image.RGBA, to image.Rectangle, src image.Image, from image.Rectangle) {
	s.Scale(dst, to, src, from, draw.Src, nil)
}

// upright turns and mirrors an image as EXIF's orientation says.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if orientation <= 1 {
		return m
	}
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			sx, sy := x, y
			if orientation >= 5 { // its rows were columns
				sx, sy = y, x
			}
			if orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 {
				sx = w - 1 - sx
			}
			if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 {
				sy = h - 1 - sy
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], m.Pix[m.PixOffset(sx, sy):])
		}
	}
	return out
}

// unmultiplied is an image whose colours do not fade with transparency.
func unmultiplied(m *image.RGBA) *image.NRGBA {
	out := image.NewNRGBA(m.Rect)
	draw.Draw(out, out.Rect, m, m.Rect.Min, draw.Src)
	return out
}
