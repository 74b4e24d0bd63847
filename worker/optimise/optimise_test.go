package optimise_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/image/webp"

	"pilothandbook/handbook/raster"
	"pilothandbook/worker/optimise"
)

// photograph is a picture of many colours: red to the right, green downwards.
func photograph(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x*7 ^ y*13) % 16), 255})
		}
	}
	return m
}

// drawing is a picture of two colours, and of none in its middle.
func drawing(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			switch {
			case x < w/3:
				m.SetNRGBA(x, y, color.NRGBA{200, 30, 30, 255})
			case x > w/2:
				m.SetNRGBA(x, y, color.NRGBA{20, 20, 120, 255})
			}
		}
	}
	return m
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, m image.Image, segments ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 97}); err != nil {
		t.Fatal(err)
	}
	return slices.Concat(b.Bytes()[:2], slices.Concat(segments...), b.Bytes()[2:])
}

// exif is a segment with an orientation, and a place that must not get out.
func exif(orientation uint16) []byte {
	body := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	body = binary.BigEndian.AppendUint16(body, orientation)
	body = append(body, "\x00\x00\x00\x00\x00\x00GPS 48.3538 N 11.7861 E"...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2)), body...)
}

// TestInTurn: one image at a time is let in, however many jobs have one, and
// who gives up waiting is not in the way. The bubble tells when all wait; no
// other test may let in one of its images.
func TestInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var entered atomic.Int32
		leave, left := make(chan error), make(chan error)
		begin := func(ctx context.Context) {
			go func() {
				_, err := optimise.Here{}.Raster(ctx, raster.PNG, func() ([]byte, error) { entered.Add(1); return nil, <-leave })
				left <- err
			}()
			synctest.Wait()
		}
		begin(t.Context())
		impatient, giveUp := context.WithCancel(t.Context())
		begin(impatient)
		begin(t.Context())
		begin(t.Context())
		giveUp()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		for image := range int32(3) {
			synctest.Wait()
			if n := entered.Load(); n != image+1 {
				t.Errorf("%d were let in after %d had left", n, image)
			}
			leave <- io.EOF
			if err := <-left; !errors.Is(err, io.EOF) {
				t.Errorf("an image that cannot be read gave %v", err)
			}
		}
	})
}

func files(t testing.TB, kind raster.Kind, src []byte) []optimise.File {
	t.Helper()
	all, err := optimise.Here{}.Raster(t.Context(), kind, func() ([]byte, error) { return src, nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// decoded is a file as a reader's browser sees it.
func decoded(t *testing.T, f optimise.File) image.Image {
	t.Helper()
	decode := map[string]func([]byte) (image.Image, error){
		"image/png":  func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) },
		"image/jpeg": func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
		"image/webp": func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
	}[f.ContentType]
	m, err := decode(f.Body)
	if err != nil {
		t.Fatalf("%s of %d × %d: %v", f.ContentType, f.Width, f.Height, err)
	}
	if b := m.Bounds(); b.Dx() != f.Width || b.Dy() != f.Height {
		t.Errorf("%s is %v, said to be %d × %d", f.ContentType, b, f.Width, f.Height)
	}
	return m
}

func near(t *testing.T, name string, got color.Color, want color.RGBA) {
	t.Helper()
	r, g, b, a := got.RGBA()
	for i, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B), int(a>>8) - int(want.A)} {
		if d < -24 || d > 24 {
			t.Errorf("%s: channel %d is off by %d: %v, want %v", name, i, d, got, want)
		}
	}
}

// TestFiles holds the files of each kind of image to their formats, widths and
// colours.
func TestFiles(t *testing.T) {
	t.Parallel()

	photo := photograph(1000, 600)
	gray16, rgb16, cmyk := image.NewGray16(photo.Rect), image.NewNRGBA64(photo.Rect), image.NewPaletted(photo.Rect, color.Palette{color.White, color.Black})
	for y := range 600 {
		for x := range 1000 {
			gray16.Set(x, y, photo.At(x, y))
			rgb16.Set(x, y, photo.At(x, y))
			cmyk.SetColorIndex(x, y, uint8(x/100%2))
		}
	}
	corner := color.RGBA{200, 30, 30, 255}
	for _, tc := range []struct {
		name  string
		kind  raster.Kind
		src   []byte
		plain string
		first color.RGBA
	}{
		{"photograph", raster.JPEG, asJPEG(t, photo), "image/jpeg", color.RGBA{0, 0, 0, 255}},
		{"photograph as PNG", raster.PNG, asPNG(t, photo), "image/jpeg", color.RGBA{0, 0, 0, 255}},
		{"16 bits", raster.PNG, asPNG(t, rgb16), "image/jpeg", color.RGBA{0, 0, 0, 255}},
		{"16 bits, gray", raster.PNG, asPNG(t, gray16), "image/png", color.RGBA{0, 0, 0, 255}},
		{"transparent", raster.PNG, asPNG(t, drawing(1000, 600)), "image/png", corner},
		{"palette", raster.PNG, asPNG(t, cmyk), "image/png", color.RGBA{255, 255, 255, 255}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			all := files(t, tc.kind, tc.src)
			if len(all) < 2 || all[0].ContentType != tc.plain || all[0].Width != 1000 || all[0].Height != 600 {
				t.Fatalf("%d files, first %s of %d × %d; want several, first %s of 1000 × 600", len(all), all[0].ContentType, all[0].Width, all[0].Height, tc.plain)
			}
			last := 0
			for i, f := range all {
				near(t, f.ContentType, decoded(t, f).At(1, 1), tc.first)
				if i > 0 && (f.ContentType != "image/webp" || f.Width <= last || len(f.Body) >= min(len(tc.src), len(all[0].Body))) {
					t.Errorf("file %d is %s, %d wide, of %d bytes; the original has %d, the plain file %d", i, f.ContentType, f.Width, len(f.Body), len(tc.src), len(all[0].Body))
				}
				if i > 0 {
					last = f.Width
				}
			}
			for i, again := range files(t, tc.kind, tc.src) {
				if !bytes.Equal(again.Body, all[i].Body) {
					t.Errorf("file %d is another the second time", i)
				}
			}
		})
	}
}

// TestForms makes files of every form in which cameras and programs save
// images, and holds them to what the decoder sees.
func TestForms(t *testing.T) {
	t.Parallel()

	for name, kind := range map[string]raster.Kind{
		"baseline.jpg": raster.JPEG, "progressive.jpg": raster.JPEG, "cmyk.jpg": raster.JPEG,
		"interlaced.png": raster.PNG, "deep.png": raster.PNG, "palette.png": raster.PNG,
	} {
		src, err := os.ReadFile("../../handbook/raster/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := image.Decode(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		size := want.Bounds().Size()
		for _, f := range files(t, kind, src) {
			got := decoded(t, f)
			if f.Width != size.X || f.Height != size.Y {
				t.Errorf("%s: %s of %d × %d, want %v", name, f.ContentType, f.Width, f.Height, size)
			}
			for _, at := range []image.Point{{}, size.Div(2), size.Sub(image.Pt(1, 1))} {
				near(t, name+" as "+f.ContentType, got.At(at.X, at.Y), color.RGBAModel.Convert(want.At(at.X, at.Y)).(color.RGBA))
			}
		}
	}
}

func TestWidths(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		width, height int
		want          []int
	}{
		{1, 1, []int{1}},
		{300, 200, []int{300}},
		{500, 400, []int{500}},
		{640, 360, []int{480, 640}},
		{1920, 1080, []int{480, 960, 1440, 1920}},
		{8000, 5000, []int{480, 960, 1440, 1920}},
		{1920, 10_000, []int{480, 758}},
		{1, 10_000, []int{1}},
	} {
		if got := optimise.Widths(tc.width, tc.height); !slices.Equal(got, tc.want) {
			t.Errorf("%d × %d: %v, want %v", tc.width, tc.height, got, tc.want)
		}
	}
}

// TestStripped hides a place, a name and an archive in images.
func TestStripped(t *testing.T) {
	t.Parallel()

	text := []byte("\x00\x00\x00\x0ctEXtName\x00GPSPK\x03\x04\x00\x00\x00\x00")
	asIs := asPNG(t, drawing(300, 200))
	for name, src := range map[string][]byte{
		"JPEG": asJPEG(t, photograph(300, 200), exif(1), []byte("\xff\xfe\x00\x09GPSPK\x03\x04")),
		"PNG":  slices.Concat(asIs[:33], withSum(text), asIs[33:]),
	} {
		for _, f := range files(t, raster.Kind(name), src) {
			if bytes.Contains(f.Body, []byte("GPS")) || bytes.Contains(f.Body, []byte("PK\x03\x04")) {
				t.Errorf("%s: the %s still has what was hidden", name, f.ContentType)
			}
		}
	}
}

// TestUpright gives an image each orientation of EXIF: the red corner of the
// stored image must come where the tag says.
func TestUpright(t *testing.T) {
	t.Parallel()

	stored := image.NewRGBA(image.Rect(0, 0, 160, 80))
	for i := range stored.Pix {
		stored.Pix[i] = 255
	}
	for y := range 32 {
		for x := range 32 {
			stored.SetRGBA(x, y, color.RGBA{200, 0, 0, 255})
		}
	}
	for o, corner := range map[uint16]struct {
		sideways, right, bottom bool
	}{
		1: {}, 2: {right: true}, 3: {right: true, bottom: true}, 4: {bottom: true},
		5: {sideways: true}, 6: {sideways: true, right: true}, 7: {sideways: true, right: true, bottom: true}, 8: {sideways: true, bottom: true},
	} {
		f := files(t, raster.JPEG, asJPEG(t, stored, exif(o)))[0]
		m := decoded(t, f)
		if sideways := f.Width < f.Height; sideways != corner.sideways {
			t.Errorf("orientation %d: %d × %d", o, f.Width, f.Height)
		}
		x, y := 8, 8
		if corner.right {
			x = f.Width - 9
		}
		if corner.bottom {
			y = f.Height - 9
		}
		near(t, "orientation", m.At(x, y), color.RGBA{200, 0, 0, 255})
	}
}

// TestSeamless shrinks a picture of thin lines, which would betray strips that
// do not meet.
func TestSeamless(t *testing.T) {
	t.Parallel()

	m := image.NewRGBA(image.Rect(0, 0, 2400, 1000))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	for y := range 1000 {
		for x := range 2400 {
			m.SetRGBA(x, y, color.RGBA{uint8(100 + 100*(y%2)), uint8(100 + 100*(x%2)), uint8(x * 255 / 2400), 255})
		}
	}
	got := decoded(t, files(t, raster.PNG, asPNG(t, m))[0])
	for y := 2; y < got.Bounds().Dy()-2; y++ {
		r, g, _, _ := got.At(1000, y).RGBA()
		if r>>8 < 120 || r>>8 > 180 || g>>8 < 120 || g>>8 > 180 {
			t.Fatalf("at %d the colour is %d, %d; want about 150", y, r>>8, g>>8)
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()

	whole := asPNG(t, photograph(300, 200))
	spoilt := slices.Clone(whole)
	spoilt[len(spoilt)/2] ^= 0xff
	jpg := asJPEG(t, photograph(300, 200))
	for name, tc := range map[string]struct {
		kind raster.Kind
		src  []byte
	}{
		"spoilt PNG": {raster.PNG, spoilt}, "cut PNG": {raster.PNG, whole[:len(whole)/2]}, "cut JPEG": {raster.JPEG, jpg[:len(jpg)/2]},
		"a JPEG as PNG": {raster.PNG, jpg}, "nothing": {raster.JPEG, nil}, "an archive behind": {raster.PNG, append(slices.Clone(whole), "PK\x03\x04"...)},
	} {
		_, err := optimise.Here{}.Raster(t.Context(), tc.kind, func() ([]byte, error) { return tc.src, nil })
		if _, ok := errors.AsType[optimise.Damaged](err); !ok || !strings.Contains(err.Error(), "save it ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// withSum puts the right check sum at the end of a PNG's chunk.
func withSum(chunk []byte) []byte {
	end := len(chunk) - 4
	binary.BigEndian.PutUint32(chunk[end:], crc32.ChecksumIEEE(chunk[4:end]))
	return chunk
}
