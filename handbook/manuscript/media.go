package manuscript

import (
	"crypto/sha256"
	"path"
	"strings"

	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/raster"
)

const maxSide = 10_000 // pixels of a drawing

// picture is what a lesson's HTML needs to know about an image.
type picture struct {
	width, height int
	sha           [sha256.Size]byte
}

// media checks a file of the media folder and remembers its size.
func (g *gate) media(f File, src []byte) {
	p := picture{sha: f.SHA256}
	kind, isRaster := Raster(f.Path)
	switch {
	case isRaster:
		m, err := raster.Inspect(kind, src)
		if err != nil {
			g.fault(f.Path, 0, 0, "%v", err)
		}
		p.width, p.height = m.Width, m.Height
	case path.Ext(f.Path) == ".svg":
		v := vector{sight: newSight(plate), report: func(line, column int, format string, args ...any) {
			g.fault(f.Path, line, column, format, args...)
		}}
		if _, isDark := light(f.Path); isDark {
			v.sight = newSight(night)
		}
		p.width, p.height = v.check(src)
		if p.width > maxSide || p.height > maxSide {
			g.fault(f.Path, 0, 0, "the image is %d × %d pixels; scale it to at most %d a side", p.width, p.height, maxSide)
		}
	default:
		g.fault(f.Path, 0, 0, "files of type %q are not taken; convert it to svg, png or jpg", path.Ext(f.Path))
		return
	}
	// Even a faulty image is known, so that lessons are not told it is missing.
	g.m.pictures[f.Path] = p
}

// Raster tells the kind of an image of pixels by its name.
func Raster(file string) (kind raster.Kind, ok bool) {
	switch path.Ext(file) {
	case ".png":
		return raster.PNG, true
	case ".jpg", ".jpeg":
		return raster.JPEG, true
	}
	return "", false
}

// darkMark stands before the extension of what dark pages show instead of the
// image without it.
const darkMark = ".dark"

// Dark is the image that dark pages show instead of another.
func (m *Manuscript) Dark(file string) (dark string, ok bool) {
	ext := path.Ext(file)
	dark = strings.TrimSuffix(file, ext) + darkMark + ext
	_, ok = m.pictures[dark]
	return dark, ok
}

// light is the image that a file for dark pages stands for.
func light(file string) (other string, isDark bool) {
	ext := path.Ext(file)
	stem, isDark := strings.CutSuffix(strings.TrimSuffix(file, ext), darkMark)
	return stem + ext, isDark
}

// darks checks that each image for dark pages has one that it stands for.
func (g *gate) darks() {
	for file, p := range g.m.pictures {
		other, isDark := light(file)
		if !isDark {
			continue
		}
		day, ok := g.m.pictures[other]
		switch {
		case !ok:
			g.fault(file, 0, 0, "dark pages show this instead of %s, which is not there; add that, or rename this", path.Base(other))
		case day.width != p.width || day.height != p.height:
			g.fault(file, 0, 0, "this has %d × %d pixels and %s %d × %d; make both the same size", p.width, p.height, path.Base(other), day.width, day.height)
		}
	}
}

// CheckSVG holds a drawing to what drawings of a module may have, and tells
// its size in pixels. Whether it can be seen well is not asked.
func CheckSVG(src []byte) (width, height int, faults []mdx.Fault) {
	g := gate{}
	v := vector{blind: true, sight: newSight(plate), report: func(line, column int, format string, args ...any) {
		g.fault("", line, column, format, args...)
	}}
	width, height = v.check(src)
	return width, height, g.faults
}
