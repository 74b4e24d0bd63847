package optimise_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gen2brain/webp"
	"golang.org/x/image/draw"

	"pilothandbook/handbook/raster"
	"pilothandbook/worker/optimise"
)

const (
	account   = "handbook-test"
	accessKey = "874837483274837"
	secret    = "abcd"
)

// cloud stands in for Cloudinary: it takes signed uploads, and gives what was
// uploaded to signed addresses. It knows how to sign from Cloudinary's
// documentation, not from its library.
type cloud struct {
	server *httptest.Server

	mu      sync.Mutex
	uploads int
	images  map[string]image.Image                                   // by public id, upright
	instead func(w http.ResponseWriter, r *http.Request) (done bool) // answers in its place, may be nil
	alter   func(body []byte) []byte                                 // what it gives, may be nil
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{images: map[string]image.Image{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST api.cloudinary.com/v1_1/"+account+"/auto/upload", c.upload)
	mux.HandleFunc("GET res.cloudinary.com/"+account+"/image/authenticated/{signature}/{crop}/{quality}/{format}/{id}", c.give)
	c.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.instead == nil || !c.instead(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(c.server.Close)
	return c
}

// client reaches the stand-in under Cloudinary's own names.
func (c *cloud) client(t *testing.T, secret string) *optimise.Cloudinary {
	t.Helper()
	trusted := c.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client, err := optimise.NewCloudinary(account, accessKey, secret, &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "example.com"}, // whom the test server's certificate names
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, c.server.Listener.Addr().String())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// signature is the SHA-1 of the parameters in order, and the secret.
func signature(params map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains([]string{"file", "cloud_name", "resource_type", "api_key", "signature"}, name) {
			pairs = append(pairs, name+"="+params[name])
		}
	}
	return fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(pairs, "&")+secret)))
}

// TestSignature holds the stand-in to the example of Cloudinary's
// documentation.
func TestSignature(t *testing.T) {
	t.Parallel()

	got := signature(map[string]string{
		"timestamp": "1315060510", "public_id": "sample_image", "eager": "w_400,h_300,c_pad|w_260,h_200,c_crop", "file": "x", "api_key": "y",
	})
	if got != "bfd09f95f331f558cbd1320e67aa8d488770583e" {
		t.Errorf("got %s", got)
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("X-Cld-Error", why)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": why}})
}

func (c *cloud) upload(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	params := map[string]string{}
	for name, values := range r.MultipartForm.Value {
		params[name] = values[0]
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	body, err := io.ReadAll(file)
	sum := sha256.Sum256(body)
	at, _ := strconv.ParseInt(params["timestamp"], 10, 64)
	id := params["public_id"]
	switch age := time.Since(time.Unix(at, 0)); {
	case params["api_key"] != accessKey || params["signature"] != signature(params):
		refuse(w, http.StatusUnauthorized, "Invalid Signature")
		return
	case err != nil || age > time.Hour || age < -time.Hour:
		refuse(w, http.StatusBadRequest, "Stale request")
		return
	case id != hex.EncodeToString(sum[:]) || params["type"] != "authenticated":
		refuse(w, http.StatusBadRequest, "open to all, or under another name: "+id+" "+params["type"])
		return
	}
	m, format, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		refuse(w, http.StatusBadRequest, "Invalid image file")
		return
	}
	c.uploads++
	c.images[id] = m
	_ = json.NewEncoder(w).Encode(map[string]any{"public_id": id, "format": format, "width": m.Bounds().Dx(), "height": m.Bounds().Dy()})
}

func (c *cloud) give(w http.ResponseWriter, r *http.Request) {
	asked := strings.Join([]string{r.PathValue("crop"), r.PathValue("quality"), r.PathValue("format"), r.PathValue("id")}, "/")
	sum := sha1.Sum([]byte(asked + secret))
	if r.PathValue("signature") != "s--"+base64.URLEncoding.EncodeToString(sum[:])[:8]+"--" {
		refuse(w, http.StatusUnauthorized, "deny or allow")
		return
	}
	m, ok := c.images[r.PathValue("id")]
	var width int
	if _, err := fmt.Sscanf(r.PathValue("crop"), "c_limit,w_%d", &width); err != nil || !ok || r.PathValue("quality") != "q_auto:good" {
		refuse(w, http.StatusNotFound, "Resource not found - "+asked)
		return
	}
	small := image.NewNRGBA(image.Rect(0, 0, width, (m.Bounds().Dy()*width+m.Bounds().Dx()/2)/m.Bounds().Dx()))
	draw.BiLinear.Scale(small, small.Rect, m, m.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	var err error
	switch r.PathValue("format") {
	case "f_webp":
		err = webp.Encode(&b, small, webp.Options{Quality: 60, Method: 2})
	case "f_png":
		err = png.Encode(&b, small)
	case "f_jpg":
		err = jpeg.Encode(&b, small, nil)
	}
	if err != nil || b.Len() == 0 {
		refuse(w, http.StatusBadRequest, "Invalid format")
		return
	}
	body := b.Bytes()
	if c.alter != nil {
		body = c.alter(body)
	}
	_, _ = w.Write(body)
}

// TestCloudinary has images made by the stand-in: in the widths and formats
// that Here makes them in.
func TestCloudinary(t *testing.T) {
	t.Parallel()

	c := newCloud(t)
	by := c.client(t, secret)
	for name, tc := range map[string]struct {
		kind  raster.Kind
		src   []byte
		plain string
	}{
		"JPEG": {raster.JPEG, asJPEG(t, photograph(1000, 600)), "image/jpeg"},
		"PNG":  {raster.PNG, asPNG(t, photograph(1001, 599)), "image/png"},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := raster.Inspect(tc.kind, tc.src)
			if err != nil {
				t.Fatal(err)
			}
			all, err := by.Raster(t.Context(), tc.kind, func() ([]byte, error) { return tc.src, nil })
			if err != nil || len(all) != 3 {
				t.Fatalf("%d files, %v", len(all), err)
			}
			if f := all[0]; f.ContentType != tc.plain || f.Width != want.Width || f.Height != want.Height {
				t.Errorf("the first is %s of %d × %d", f.ContentType, f.Width, f.Height)
			}
			for i, f := range all {
				m := decoded(t, f)
				near(t, f.ContentType, m.At(f.Width-1, f.Height-1), photograph(1000, 600).RGBAAt(999, 599))
				if i > 0 && (f.ContentType != "image/webp" || f.Width != []int{480, want.Width}[i-1]) {
					t.Errorf("file %d is %s, %d wide", i, f.ContentType, f.Width)
				}
			}
		})
	}
}

// TestCloudinaryFails lets the stand-in and the way there fail. Each error
// names Cloudinary and says why; none is the author's to mend, so that the job
// is tried again.
func TestCloudinaryFails(t *testing.T) {
	t.Parallel()

	src := asJPEG(t, photograph(1000, 600))
	answer := func(status int, body string) func(*cloud) {
		return func(c *cloud) {
			c.instead = func(w http.ResponseWriter, r *http.Request) bool {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return true
			}
		}
	}
	giving := func(f func([]byte) []byte) func(*cloud) { return func(c *cloud) { c.alter = f } }
	for name, tc := range map[string]struct {
		secret string
		spoil  func(*cloud)
		want   string
	}{
		"another secret":   {"efgh", func(*cloud) {}, "not taken by Cloudinary: Invalid Signature"},
		"no JSON":          {secret, answer(http.StatusBadGateway, "<html>"), "not taken by Cloudinary: invalid character"},
		"another image":    {secret, answer(http.StatusOK, `{"public_id": "else"}`), `not taken by Cloudinary: it calls it "else"`},
		"nobody there":     {secret, func(c *cloud) { c.server.Close() }, "not taken by Cloudinary: Post"},
		"not made":         {secret, func(c *cloud) { c.instead = lost }, "not given by Cloudinary as jpg, 1000 wide: 404 Not Found: Resource not found"},
		"no reason":        {secret, func(c *cloud) { c.instead = silent }, "500 Internal Server Error: no reason given"},
		"no image":         {secret, giving(func([]byte) []byte { return []byte("ok") }), "it is no image"},
		"of another size":  {secret, giving(func([]byte) []byte { return asJPEG(t, photograph(600, 1000)) }), "it has 600 × 1000 pixels, not 1000 × 600"},
		"too long":         {secret, giving(func(b []byte) []byte { return append(b, make([]byte, 20<<20)...) }), "it has over 20 MiB"},
		"with a place":     {secret, giving(func([]byte) []byte { return asJPEG(t, photograph(1000, 600), exif(1)) }), "it still tells of its making"},
		"a WebP with EXIF": {secret, giving(extended), "not given by Cloudinary as webp, 480 wide: it still tells of its making"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			tc.spoil(c)
			_, err := c.client(t, tc.secret).Raster(t.Context(), raster.JPEG, func() ([]byte, error) { return src, nil })
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
			if _, ok := errors.AsType[optimise.Damaged](err); ok {
				t.Error("the author is told to mend the image")
			}
		})
	}
}

// TestCloudinaryAsksFirst sends nothing that the author must mend.
func TestCloudinaryAsksFirst(t *testing.T) {
	t.Parallel()

	c := newCloud(t)
	_, err := c.client(t, secret).Raster(t.Context(), raster.PNG, func() ([]byte, error) { return []byte("no image"), nil })
	if _, ok := errors.AsType[optimise.Damaged](err); !ok || c.uploads != 0 {
		t.Errorf("%d uploads, %v", c.uploads, err)
	}
}

// lost has no file, and silent does not even say why.
func lost(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet {
		refuse(w, http.StatusNotFound, "Resource not found")
	}
	return r.Method == http.MethodGet
}

func silent(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return r.Method == http.MethodGet
}

// extended puts a WebP into its extended form and lets that announce EXIF.
// Other files it leaves as they are.
func extended(body []byte) []byte {
	if string(body[8:12]) != "WEBP" {
		return body
	}
	head := []byte("VP8X\x0a\x00\x00\x00\x08\x00\x00\x00\xdf\x01\x00\x1f\x01\x00") // 480 × 288
	out := slices.Concat(body[:12], head, body[12:])
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}
