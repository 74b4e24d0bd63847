// Package encoded serves bodies that never change. Each is compressed once,
// beforehand, and has a strong ETag per encoding, so that answering is a
// choice and a write.
package encoded

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/andybalholm/brotli"
)

// brotliQuality costs a few milliseconds a lesson; the next ones cost far
// more than they save.
const brotliQuality = 5

// Body is a body that is ready to be sent.
type Body struct {
	plain, gzip, br *variant // compressed ones may be missing
}

// variant is the body in one encoding, with its headers as net/http keeps
// them: they are shared by all answers, which only read them.
type variant struct {
	bytes                  []byte
	encoding, length, etag []string
}

// New compresses a body of text. A variant that is not smaller is left out.
func New(text []byte) *Body {
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the level exists
	_, _ = z.Write(text)                                      // a buffer takes everything
	_ = z.Close()
	return with(text, small.Bytes())
}

// Plain returns a body that compressing would not make smaller, such as a
// photograph.
func Plain(body []byte) *Body { return &Body{plain: newVariant("", body)} }

// Unpack returns the body whose Packed form this is.
func Unpack(packed []byte) (*Body, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("packed body: %w", err)
	}
	text, err := io.ReadAll(z) // checks the sum that gzip keeps
	if err != nil {
		return nil, fmt.Errorf("packed body: %w", err)
	}
	return with(text, packed), nil
}

func with(text, zipped []byte) *Body {
	var small bytes.Buffer
	w := brotli.NewWriterLevel(&small, brotliQuality)
	_, _ = w.Write(text)
	_ = w.Close()
	b := &Body{plain: newVariant("", text), gzip: newVariant("gzip", zipped), br: newVariant("br", small.Bytes())}
	if len(b.gzip.bytes) >= len(text) {
		b.gzip = nil
	}
	if len(b.br.bytes) >= len(text) {
		b.br = nil
	}
	return b
}

func newVariant(encoding string, body []byte) *variant {
	sum := sha256.Sum256(body)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])
	v := &variant{bytes: body, length: []string{strconv.Itoa(len(body))}}
	if encoding != "" {
		v.encoding = []string{encoding}
		tag += "-" + encoding
	}
	v.etag = []string{`"` + tag + `"`}
	return v
}

// Packed returns the body as it is kept elsewhere: gzip, which has a sum of
// its own. It is nil where gzip does not help.
func (b *Body) Packed() []byte {
	if b.gzip == nil {
		return nil
	}
	return b.gzip.bytes
}

// Size returns how many bytes the body takes in memory.
func (b *Body) Size() int {
	n := 0
	for _, v := range []*variant{b.plain, b.gzip, b.br} {
		if v != nil {
			n += len(v.bytes)
		}
	}
	return n
}

// Serve answers with the body in the encoding that suits the request, or
// with 304. Whether the caller may have it must be decided before. Other
// headers, Vary among them, are the caller's.
func (b *Body) Serve(w http.ResponseWriter, r *http.Request) error {
	v := b.choose(r.Header["Accept-Encoding"])
	h := w.Header()
	h["Etag"] = v.etag
	if match := r.Header["If-None-Match"]; match != nil && matches(match, v.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if v.encoding != nil {
		h["Content-Encoding"] = v.encoding
	}
	h["Content-Length"] = v.length
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.bytes) // the reader may have left
	}
	return nil
}
