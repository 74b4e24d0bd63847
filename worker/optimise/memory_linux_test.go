package optimise_test

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"pilothandbook/handbook/raster"
)

var (
	child = flag.String("image", "", "optimise this file and tell the most memory that it took, in KiB")
	as    = flag.String("as", "", "its kind")
)

// TestMemoryChild is not a test of its own: TestMemory runs it in a process of
// its own, and it does nothing else.
func TestMemoryChild(t *testing.T) {
	if *child == "" {
		return
	}
	src, err := os.ReadFile(*child)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files(t, raster.Kind(*as), src) {
		t.Logf("%s %d × %d: %d bytes", f.ContentType, f.Width, f.Height, len(f.Body))
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peak %s", regexp.MustCompile(`VmHWM:\s*(\d+)`).FindSubmatch(status)[1])
}

// TestMemory optimises images of 40 million pixels, each in a process of its
// own, which tells the most memory that it ever had. Only Linux tells it.
func TestMemory(t *testing.T) {
	const most = 512 << 10
	large := image.Rect(0, 0, 8000, 5000)
	tall := image.Rect(0, 0, 4000, 10_000)
	photo := image.NewYCbCr(large, image.YCbCrSubsampleRatio420)
	for i := range photo.Y {
		photo.Y[i] = uint8(i / 8000 * 255 / 5000)
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 4100, 10_000))
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i >> 9)
	}
	plain := image.NewNRGBA(tall)
	for i := range plain.Pix {
		plain.Pix[i] = uint8(i >> 11)
	}
	for _, tc := range []struct {
		name string
		kind raster.Kind
		src  []byte
	}{
		{"PNG", raster.PNG, quickPNG(t, plain)},
		{"PNG of 16 bits", raster.PNG, quickPNG(t, deep.SubImage(image.Rect(0, 0, 4000, 10_000)))},
		{"JPEG", raster.JPEG, asJPEG(t, photo)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(file, tc.src, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(os.Args[0], "-test.run=^TestMemoryChild$", "-test.v", "-image="+file, "-as="+string(tc.kind)).CombinedOutput()
			found := regexp.MustCompile(`peak (\d+)`).FindSubmatch(out)
			if err != nil || found == nil {
				t.Fatalf("%v\n%s", err, out)
			}
			peak, _ := strconv.Atoi(string(found[1]))
			t.Logf("%d MiB", peak>>10)
			if peak > most {
				t.Errorf("it took %d KiB, want at most %d\n%s", peak, most, out)
			}
		})
	}
}

func quickPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
