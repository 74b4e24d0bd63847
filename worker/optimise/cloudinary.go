package optimise

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"time"

	"github.com/cloudinary/cloudinary-go/v2/api"
	"github.com/cloudinary/cloudinary-go/v2/api/uploader"
	"github.com/cloudinary/cloudinary-go/v2/asset"
	"github.com/cloudinary/cloudinary-go/v2/config"
	_ "golang.org/x/image/webp" // with JPEG and PNG, what comes back

	"pilothandbook/handbook/raster"
)

const (
	patience    = 2 * time.Minute // with one request
	maxReceived = 20 << 20        // bytes of one file
)

// Cloudinary has Cloudinary make the files. They are fetched and kept as our
// own, so that who may see an image, what is read offline and what a page may
// load stay ours to say, and no reader's browser asks there. An image is there
// under the SHA-256 of its bytes, and nobody sees it without a signed address.
type Cloudinary struct {
	config *config.Configuration
	upload *uploader.API
	http   *http.Client
}

// NewCloudinary speaks for an account, by way of what carries its requests:
// nil is the network.
func NewCloudinary(account, key, secret string, way http.RoundTripper) (*Cloudinary, error) {
	c, err := config.NewFromParams(account, key, secret)
	if err != nil {
		return nil, fmt.Errorf("cloudinary: %w", err)
	}
	c.URL.SignURL, c.URL.Analytics = true, false
	up, err := uploader.NewWithConfiguration(c)
	if err != nil {
		return nil, fmt.Errorf("cloudinary: %w", err)
	}
	up.Client = http.Client{Transport: way, Timeout: patience}
	return &Cloudinary{config: c, upload: up, http: &up.Client}, nil
}

// Recipe implements Maker.
func (*Cloudinary) Recipe() string { return "Cloudinary, 1" }

// Raster implements Maker. The plain file has the format of the original.
func (c *Cloudinary) Raster(ctx context.Context, kind raster.Kind, load func() ([]byte, error)) ([]File, error) {
	src, err := load()
	if err != nil {
		return nil, err
	}
	in, err := raster.Inspect(kind, src)
	if err != nil {
		return nil, Damaged{err}
	}
	sum := sha256.Sum256(src)
	id := hex.EncodeToString(sum[:])
	if err := c.send(ctx, id, src); err != nil {
		return nil, fmt.Errorf("not taken by Cloudinary: %w", err)
	}
	widths := Widths(in.Width, in.Height)
	plain := map[raster.Kind]string{raster.PNG: "png", raster.JPEG: "jpg"}[kind]
	f, err := c.fetch(ctx, id, in, widths[len(widths)-1], plain)
	if err != nil {
		return nil, err
	}
	all := []File{f}
	for _, w := range widths {
		f, err := c.fetch(ctx, id, in, w, "webp")
		if err != nil {
			return nil, err
		}
		if len(f.Body) < min(len(src), len(all[0].Body)) {
			all = append(all, f)
		}
	}
	return all, nil
}

// send uploads an image, unless it is there.
func (c *Cloudinary) send(ctx context.Context, id string, src []byte) error {
	result, err := c.upload.Upload(ctx, bytes.NewReader(src), uploader.UploadParams{
		PublicID: id, Overwrite: api.Bool(false), Type: api.Authenticated,
	})
	switch {
	case err != nil:
		return err
	case result.Error.Message != "":
		return errors.New(result.Error.Message)
	case result.PublicID != id:
		return fmt.Errorf("it calls it %q", result.PublicID)
	}
	return nil
}

// fetch gets an image in a width and format.
func (c *Cloudinary) fetch(ctx context.Context, id string, in raster.Image, width int, format string) (f File, err error) {
	f.Body, err = c.get(ctx, id, fmt.Sprintf("c_limit,w_%d/q_auto:good/f_%s", width, format))
	if err == nil {
		err = f.read(width, scaled(in.Height, width, in.Width))
	}
	if err != nil {
		return f, fmt.Errorf("not given by Cloudinary as %s, %d wide: %w", format, width, err)
	}
	return f, nil
}

func (c *Cloudinary) get(ctx context.Context, id, transformation string) ([]byte, error) {
	a, err := asset.Image(id, c.config)
	if err != nil {
		return nil, err
	}
	a.DeliveryType, a.Transformation = api.Authenticated, transformation
	address, err := a.String()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", answer.Status, cmp.Or(answer.Header.Get("X-Cld-Error"), "no reason given"))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxReceived+1))
	if len(body) > maxReceived {
		err = fmt.Errorf("it has over %d MiB", maxReceived>>20)
	}
	return body, err
}

// read fills in what the body says of itself, and holds it to the size that a
// page is told, a pixel of rounding aside, and to silence about its making.
func (f *File) read(width, height int) error {
	m, format, err := image.DecodeConfig(bytes.NewReader(f.Body))
	if err != nil {
		return fmt.Errorf("it is no image: %w", err)
	}
	f.ContentType, f.Width, f.Height = "image/"+format, m.Width, m.Height
	switch {
	case m.Width != width || m.Height < height-1 || m.Height > height+1:
		return fmt.Errorf("it has %d × %d pixels, not %d × %d", m.Width, m.Height, width, height)
	case tells(format, f.Body):
		return errors.New("it still tells of its making")
	}
	return nil
}

// tells whether there is EXIF or XMP in a file, and so perhaps a place.
func tells(format string, body []byte) bool {
	switch format {
	case "webp":
		const exif, xmp = 0x08, 0x04 // flags of the extended form
		return len(body) > 20 && string(body[12:16]) == "VP8X" && body[20]&(exif|xmp) != 0
	case "png":
		before, _, _ := bytes.Cut(body, []byte("IDAT"))
		return bytes.Contains(before, []byte("eXIf")) || bytes.Contains(before, []byte("XML:com.adobe.xmp"))
	}
	return bytes.Contains(body, []byte("Exif\x00\x00")) || bytes.Contains(body, []byte("http://ns.adobe.com/xap/"))
}
