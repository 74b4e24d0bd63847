package manuscript

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"path"
)

const maxSide = 10_000 // pixels

// picture is what a lesson's HTML needs to know about an image.
type picture struct {
	width, height int
	sha           [sha256.Size]byte
}

// media checks a file of the media folder and remembers its size.
func (g *gate) media(f File, src []byte) {
	p := picture{sha: f.SHA256}
	switch ext := path.Ext(f.Path); ext {
	case ".svg":
		v := vector{report: func(line, column int, format string, args ...any) {
			g.fault(f.Path, line, column, format, args...)
		}}
		p.width, p.height = v.check(src)
	case ".png":
		p.width, p.height = g.raster(f.Path, "PNG", src, png.DecodeConfig)
	case ".jpg", ".jpeg":
		p.width, p.height = g.raster(f.Path, "JPEG", src, jpeg.DecodeConfig)
	default:
		g.fault(f.Path, 0, 0, "files of type %q are not taken; convert it to svg, png or jpg", ext)
		return
	}
	if p.width > maxSide || p.height > maxSide {
		g.fault(f.Path, 0, 0, "the image is %d × %d pixels; scale it to at most %d a side", p.width, p.height, maxSide)
	}
	// Even a faulty image is known, so that lessons are not told it is missing.
	g.m.pictures[f.Path] = p
}

func (g *gate) raster(file, kind string, src []byte, read func(io.Reader) (image.Config, error)) (width, height int) {
	config, err := read(bytes.NewReader(src))
	if err != nil {
		g.fault(file, 0, 0, "this is no %s (%v); save it again in the format its name tells", kind, err)
	}
	return config.Width, config.Height
}
