package raster_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pilothandbook/handbook/raster"
)

// kindOf tells the kind of a file in testdata.
func kindOf(file string) raster.Kind {
	if filepath.Ext(file) == ".jpg" {
		return raster.JPEG
	}
	return raster.PNG
}

func forms(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		if all[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// header is a PNG of 50,000 × 50,000 pixels by its header, or of another size.
func header(t testing.TB, w, h uint32) []byte {
	t.Helper()
	src, err := os.ReadFile("testdata/refused/huge.png")
	if err != nil {
		t.Fatal(err)
	}
	const name, size, sum = 12, 16, 29 // where they begin
	binary.BigEndian.PutUint32(src[size:], w)
	binary.BigEndian.PutUint32(src[size+4:], h)
	binary.BigEndian.PutUint32(src[sum:], crc32.ChecksumIEEE(src[name:sum]))
	return src
}

func TestInspect(t *testing.T) {
	t.Parallel()

	all := forms(t)
	for name, src := range all {
		want, _, err := image.DecodeConfig(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := raster.Inspect(kindOf(name), src); err != nil || m.Width != want.Width || m.Height != want.Height {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	thumbnail := slices.Concat([]byte("\xff\xe1\x00\x0aExif"), []byte("\xff\xd8\xff\xd9"))
	photo := all["progressive.jpg"]
	if _, err := raster.Inspect(raster.JPEG, slices.Concat(photo[:2], thumbnail, photo[2:])); err != nil {
		t.Errorf("a thumbnail's end is taken for the photograph's: %v", err)
	}
}

// TestRefused: each error tells what to do.
func TestRefused(t *testing.T) {
	t.Parallel()

	all := forms(t)
	const archive = "PK\x03\x04\x14\x00 Main.class"
	behind := "17 bytes of something else stand behind the image; open it in a program for images and save it as a new file, which leaves them out"
	for name, tc := range map[string]struct {
		kind raster.Kind
		src  []byte
		want string
	}{
		"50,000 a side":          {raster.PNG, header(t, 50_000, 50_000), "the image is 50000 × 50000 pixels; scale it to at most 10000 a side"},
		"100 million pixels":     {raster.PNG, header(t, 10_000, 10_000), "the image has 10000 × 10000 pixels; scale it to at most 40 million"},
		"an archive in a PNG":    {raster.PNG, slices.Concat(all["deep.png"], []byte(archive)), behind},
		"an archive in a JPEG":   {raster.JPEG, slices.Concat(all["baseline.jpg"], []byte(archive)), behind},
		"one in a progressive":   {raster.JPEG, slices.Concat(all["progressive.jpg"], []byte(archive)), behind},
		"another image behind":   {raster.JPEG, slices.Concat(all["baseline.jpg"], all["cmyk.jpg"]), "bytes of something else stand behind the image"},
		"a line feed":            {raster.PNG, slices.Concat(all["palette.png"], []byte("\n")), "1 bytes of something else"},
		"a JPEG without its end": {raster.JPEG, all["baseline.jpg"][:len(all["baseline.jpg"])-2], "the image is cut short; save it again"},
		"a PNG without its end":  {raster.PNG, all["deep.png"][:len(all["deep.png"])-12], "the image is cut short; save it again"},
		"half of its last chunk": {raster.PNG, all["deep.png"][:len(all["deep.png"])-2], "the image is cut short; save it again"},
		"another kind":           {raster.PNG, all["baseline.jpg"], "save it again in the format its name tells"},
	} {
		_, err := raster.Inspect(tc.kind, tc.src)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// FuzzInspect: what is let through has bounds, says the size that its decoder
// gives, and has nothing behind it.
func FuzzInspect(f *testing.F) {
	for name, src := range forms(f) {
		f.Add(kindOf(name) == raster.JPEG, src)
	}
	f.Add(false, header(f, 50_000, 50_000))
	f.Fuzz(func(t *testing.T, isJPEG bool, src []byte) {
		kind, decode := raster.PNG, png.Decode
		if isJPEG {
			kind, decode = raster.JPEG, jpeg.Decode
		}
		m, err := raster.Inspect(kind, src)
		if err != nil {
			return
		}
		if m.Width < 1 || m.Height < 1 || m.Width > 10_000 || m.Height > 10_000 || m.Width*m.Height > 40_000_000 || m.Orientation < 1 || m.Orientation > 8 {
			t.Fatalf("%+v was let through", m)
		}
		if _, err := raster.Inspect(kind, append(slices.Clone(src), "PK\x03\x04"...)); err == nil {
			t.Error("an archive behind it was let through")
		}
		if m.Width*m.Height > 1<<20 {
			return
		}
		picture, err := decode(bytes.NewReader(src))
		if err != nil {
			return // the worker tells the author
		}
		size := picture.Bounds().Size()
		if m.Orientation >= 5 {
			size = image.Pt(size.Y, size.X)
		}
		if size != image.Pt(m.Width, m.Height) {
			t.Errorf("it is %v, said to be %d × %d", size, m.Width, m.Height)
		}
	})
}
