package content_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/raster"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

// counting counts the images that are decoded.
type counting struct {
	optimise.Here
	decoded *atomic.Int32
}

func (c counting) Raster(ctx context.Context, kind raster.Kind, load func() ([]byte, error)) ([]optimise.File, error) {
	c.decoded.Add(1)
	return c.Here.Raster(ctx, kind, load)
}

// TestNothingIsDecodedTwice publishes versions that change all but the images,
// among them one that has its image under another name.
func TestNothingIsDecodedTwice(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	var n atomic.Int32
	images := counting{decoded: &n}
	for _, step := range []struct {
		version string
		change  func()
		decoded int32
	}{
		{"0.1.0", func() {}, 1},
		{"0.2.0", func() { edit(t, files, "lessons/airspeed.mdx", "It measures", "Also it measures") }, 0},
		{"0.3.0", func() {
			files["media/gauge.png"] = files["media/dial.png"]
			delete(files, "media/dial.png")
			edit(t, files, "lessons/airspeed.mdx", "media/dial.png", "media/gauge.png")
		}, 0},
		{"0.4.0", func() { files["media/gauge.png"] = &fstest.MapFile{Data: chequered(t)} }, 1},
	} {
		n.Store(0)
		step.change()
		if step.version != "0.1.0" {
			edit(t, files, "module.yaml", "version: ", "version: "+step.version+" # once ")
		}
		id := uploaded(t, p, "instrument", step.version, files)
		if err := (content.Jobs{DB: p.DB, Images: images}).ProcessModule(t.Context(), job.ProcessModule{Source: id, Activate: true}); err != nil {
			t.Fatal(err)
		}
		if got := n.Load(); got != step.decoded {
			t.Errorf("%s: %d images were decoded, want %d", step.version, got, step.decoded)
		}
	}
}

// chequered is an image that testdata/module does not have.
func chequered(t *testing.T) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 16, 8), color.Palette{color.Black, color.White})
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 3 % 2)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// away is Cloudinary that cannot be reached: requests fail when the test says
// so. From then on images are made here.
type away struct {
	optimise.Maker
	asked chan struct{} // closed when it was asked
	over  chan struct{} // closed by the test
	since atomic.Bool   // over is known
}

// RoundTrip is the way to Cloudinary.
func (a *away) RoundTrip(r *http.Request) (*http.Response, error) {
	close(a.asked)
	defer a.since.Store(true)
	<-a.over
	return nil, context.DeadlineExceeded
}

func (a *away) Raster(ctx context.Context, kind raster.Kind, load func() ([]byte, error)) ([]optimise.File, error) {
	if a.since.Load() {
		return optimise.Here{}.Raster(ctx, kind, load)
	}
	return a.Maker.Raster(ctx, kind, load)
}

// TestCloudinaryAway lets a module wait for Cloudinary: another job is done
// meanwhile, and the module's own says what it failed of and is tried again.
func TestCloudinaryAway(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	if err := process(t, p, files, true); err != nil {
		t.Fatal(err)
	}
	index := platformtest.Text(t, p, `SELECT id::text FROM outbox WHERE kind = 'update-search-index'`)
	platformtest.Exec(t, p, `UPDATE outbox SET run_at = run_at + interval '1 year'`)
	edit(t, files, "module.yaml", "version: 0.1.0", "version: 0.2.0")
	held := begun(t, p, uploaded(t, p, "instrument", "0.2.0", files))

	way := &away{asked: make(chan struct{}), over: make(chan struct{})}
	var err error
	if way.Maker, err = optimise.NewCloudinary("account", "key", "secret", way); err != nil {
		t.Fatal(err)
	}
	defer working(p, content.Jobs{DB: p.DB, Images: way})()
	<-way.asked
	platformtest.Exec(t, p, `UPDATE outbox SET run_at = now() WHERE id = $1`, index)
	until(t, p, uuid.MustParse(index), func(s queue.Status) bool { return s.State == queue.Done })
	if s := until(t, p, held, func(s queue.Status) bool { return true }); s.State != queue.Running {
		t.Fatalf("the module is %s", s.State)
	}
	close(way.over)
	s := until(t, p, held, func(s queue.Status) bool { return s.Error != "" })
	if s.State == queue.Dead || !strings.Contains(s.Error, "image media/dial.png: not taken by Cloudinary: Post") {
		t.Errorf("the module is %s: %s", s.State, s.Error)
	}
	platformtest.Exec(t, p, `UPDATE outbox SET run_at = now() WHERE id = $1`, held)
	until(t, p, held, func(s queue.Status) bool { return s.State == queue.Done })
}
