// Package optimise makes of an image, as an author keeps it, the files that
// readers get: in several widths, as small as they can be without a visible
// loss, and without anything in them that was not to be seen. Whatever a file
// holds beside its pixels, such as where a photograph was taken or a second
// file behind the first, stays behind, as all files are written anew.
package optimise

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"runtime/debug"
	"slices"

	"github.com/gen2brain/webp"
	"golang.org/x/sync/semaphore"

	"pilothandbook/handbook/raster"
	"pilothandbook/platform/config"
)

// A Maker makes the files of images of pixels. What it makes of the same bytes
// is kept under its recipe.
type Maker interface {
	// Recipe names how files are made. It changes with every change of what
	// comes out, so that published images are made anew.
	Recipe() string

	// Raster makes the files of a PNG or JPEG: first the one for every browser,
	// in the largest size, then WebPs, narrowest first. A WebP that saves
	// nothing is left out. load is called when it is this image's turn. The
	// error is Damaged where the author must mend the image.
	Raster(ctx context.Context, kind raster.Kind, load func() ([]byte, error)) ([]File, error)
}

// By is who makes them: Cloudinary, if there is an account, and else Here.
func By(c *config.Config) (Maker, error) {
	if c.CloudinaryCloudName == "" {
		return Here{}, nil
	}
	return NewCloudinary(c.CloudinaryCloudName, c.CloudinaryAPIKey, c.CloudinaryAPISecret.Reveal(), nil)
}

// Here makes them in this process, one at a time. Its plain file is a PNG if
// the image is transparent or has few colours, and else a JPEG. The same image
// gives the same files.
type Here struct{}

const version = "1"

// Recipe implements Maker. A program that was built without the tag nodynamic
// takes a libwebp of the machine where there is one, and its files are others.
func (Here) Recipe() string {
	if webp.Dynamic() == nil {
		return version + ", libwebp of the machine"
	}
	return version
}

// A File is an image as it is served.
type File struct {
	Body          []byte
	ContentType   string
	Width, Height int // in pixels
}

const (
	maxPixels   = 3_000_000 // of what is made, so that encoding takes no more memory than decoding
	quality     = 82        // of a JPEG
	webpQuality = 80
	// A higher method halves the speed for files that are 4 % smaller.
	webpMethod = 2
	fewColours = 256
)

// turn lets one image at a time into a process: several at once would take
// more memory than a worker has.
var turn = semaphore.NewWeighted(1)

// Raster implements Maker.
func (Here) Raster(ctx context.Context, kind raster.Kind, load func() ([]byte, error)) ([]File, error) {
	if err := turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer turn.Release(1)
	defer debug.FreeOSMemory() // images come seldom, and nothing else here is as large
	src, err := load()
	if err != nil {
		return nil, err
	}
	in, err := raster.Inspect(kind, src)
	if err != nil {
		return nil, Damaged{err}
	}
	widths := Widths(in.Width, in.Height)
	m, indexed, err := open(in, src, widths[len(widths)-1])
	if err != nil {
		return nil, Damaged{err}
	}
	debug.FreeOSMemory() // the original is no longer needed
	return files(m, widths, indexed || few(m), len(src))
}

// Damaged is the error of an image that its author must mend.
type Damaged struct{ Cause error }

// Error tells the author what to do.
func (d Damaged) Error() string { return d.Cause.Error() }

// Widths are those in which an image is served, narrowest first. The last is
// at most that of the image.
func Widths(width, height int) []int {
	top := min(width, 1920, int(math.Sqrt(maxPixels*float64(width)/float64(height))))
	top = max(top, 1)
	var all []int
	for _, w := range []int{480, 960, 1440} {
		if 4*w <= 3*top { // nearer to the next it would save little
			all = append(all, w)
		}
	}
	return append(all, top)
}

// open decodes an image, and makes it upright and as wide as it is served.
func open(in raster.Image, src []byte, width int) (m *image.RGBA, indexed bool, err error) {
	decode := png.Decode
	if in.Kind == raster.JPEG {
		decode = jpeg.Decode
	}
	original, err := decode(bytes.NewReader(src))
	if err != nil {
		return nil, false, fmt.Errorf("the image is damaged (%w); save it again", err)
	}
	_, indexed = original.(*image.Paletted)
	w, h := width, scaled(in.Height, width, in.Width)
	if in.Orientation >= 5 {
		w, h = h, w
	}
	return upright(resize(original, w, h), in.Orientation), indexed, nil
}

// scaled is n × to / from, rounded, and at least 1.
func scaled(n, to, from int) int { return max(1, (n*to+from/2)/from) }

// few tells whether an image has so few colours that it must be a drawing.
func few(m *image.RGBA) bool {
	seen := map[[4]byte]bool{}
	for pixel := range slices.Chunk(m.Pix, 4) {
		seen[[4]byte(pixel)] = true
		if len(seen) > fewColours {
			return false
		}
	}
	return true
}

// files encodes an upright image.
func files(m *image.RGBA, widths []int, drawn bool, before int) ([]File, error) {
	plain, err := encodePlain(m, drawn)
	if err != nil {
		return nil, err
	}
	all := []File{plain}
	for _, w := range widths {
		f, err := encodeWebP(resize(m, w, scaled(m.Rect.Dy(), w, m.Rect.Dx())), drawn)
		if err != nil {
			return nil, err
		}
		if len(f.Body) < min(before, len(plain.Body)) {
			all = append(all, f)
		}
	}
	return all, nil
}

func encodePlain(m *image.RGBA, drawn bool) (File, error) {
	f := File{ContentType: "image/jpeg", Width: m.Rect.Dx(), Height: m.Rect.Dy()}
	var b bytes.Buffer
	if drawn || !m.Opaque() {
		f.ContentType = "image/png"
		e := png.Encoder{CompressionLevel: png.BestCompression}
		if err := e.Encode(&b, indexed(m)); err != nil {
			return f, fmt.Errorf("encode PNG: %w", err)
		}
	} else if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		return f, fmt.Errorf("encode JPEG: %w", err)
	}
	f.Body = b.Bytes()
	return f, nil
}

// indexed gives an image of few colours a palette, in the order in which they
// are met; any other it returns as it is.
func indexed(m *image.RGBA) image.Image {
	out := image.NewPaletted(m.Rect, nil)
	known := map[color.RGBA]uint8{}
	for i := range out.Pix {
		c := color.RGBA{m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3]}
		at, ok := known[c]
		if !ok {
			if len(known) == fewColours {
				return m
			}
			at = uint8(len(known))
			known[c] = at
			out.Palette = append(out.Palette, c)
		}
		out.Pix[i] = at
	}
	return out
}

// encodeWebP keeps every pixel of a drawing, whose edges would blur.
func encodeWebP(m *image.RGBA, drawn bool) (File, error) {
	f := File{ContentType: "image/webp", Width: m.Rect.Dx(), Height: m.Rect.Dy()}
	straight := image.Image(m)
	if !m.Opaque() {
		straight = unmultiplied(m) // the encoder takes all colours as such
	}
	var b bytes.Buffer
	if err := webp.Encode(&b, straight, webp.Options{Quality: webpQuality, Method: webpMethod, Lossless: drawn}); err != nil {
		return f, fmt.Errorf("encode WebP: %w", err)
	}
	f.Body = b.Bytes()
	return f, nil
}
