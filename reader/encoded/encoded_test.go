package encoded_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"pilothandbook/reader/encoded"
)

var text = []byte(strings.Repeat("Density altitude is pressure altitude corrected for temperature. ", 50))

func serve(t testing.TB, b *encoded.Body, method string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	if err := b.Serve(w, r); err != nil {
		t.Fatal(err)
	}
	return w
}

func decode(t testing.TB, w *httptest.ResponseRecorder) []byte {
	t.Helper()
	var in io.Reader = w.Body
	switch w.Header().Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		in = z
	case "br":
		in = brotli.NewReader(in)
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNegotiation(t *testing.T) {
	t.Parallel()

	b := encoded.New(text)
	for _, tc := range []struct{ accept, want string }{
		{"", ""},
		{"gzip, deflate, br, zstd", "br"},
		{"gzip, deflate", "gzip"},
		{"GZIP", "gzip"},
		{"x-gzip", "gzip"},
		{"br;q=0, gzip", "gzip"},
		{"br;q=0.000,gzip ; q=0.0", ""},
		{"br;q=0.5, gzip;q=0.8", "gzip"},
		{"gzip;q=0.5, identity", ""},
		{"identity;q=0.5, gzip", "gzip"},
		{"*", "br"},
		{"*;q=0", ""},
		{"*;q=0.3, br;q=0", "gzip"},
		{"br;q=nonsense", ""},
		{"br;q=NaN, gzip;q=2", ""},
		{"deflate", ""},
		{", ,;q=1,=", ""},
		{"identity;q=0", ""},
	} {
		w := serve(t, b, "GET", "Accept-Encoding", tc.accept)
		if got := w.Header().Get("Content-Encoding"); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.accept, got, tc.want)
		}
		if !bytes.Equal(decode(t, w), text) {
			t.Errorf("%q: another text", tc.accept)
		}
	}
	if got := serve(t, b, "GET").Header().Get("Content-Encoding"); got != "" {
		t.Errorf("not asked for: %q", got)
	}
	if got := serve(t, b, "GET", "Accept-Encoding", "gzip;q=0.1", "Accept-Encoding", "br").Header().Get("Content-Encoding"); got != "br" {
		t.Errorf("two headers: %q", got)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()

	b := encoded.New(text)
	tags := map[string]bool{}
	for _, accept := range []string{"br", "gzip", "identity"} {
		tag := serve(t, b, "GET", "Accept-Encoding", accept).Header().Get("ETag")
		if tags[tag] || !strings.HasPrefix(tag, `"`) {
			t.Errorf("%s: tag %s", accept, tag)
		}
		tags[tag] = true
		for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			w := serve(t, b, "GET", "Accept-Encoding", accept, "If-None-Match", match)
			if w.Code != http.StatusNotModified || w.Body.Len() > 0 || w.Header().Get("ETag") != tag {
				t.Errorf("%s, If-None-Match %s: %d", accept, match, w.Code)
			}
		}
		for _, match := range []string{"", `"other"`, strings.Trim(tag, `"`)} {
			if w := serve(t, b, "GET", "Accept-Encoding", accept, "If-None-Match", match); w.Code != http.StatusOK {
				t.Errorf("%s, If-None-Match %s: %d", accept, match, w.Code)
			}
		}
	}
	if other := serve(t, encoded.New(append([]byte("x"), text...)), "GET").Header().Get("ETag"); tags[other] {
		t.Error("two texts have one tag")
	}
}

func TestHead(t *testing.T) {
	t.Parallel()

	b := encoded.New(text)
	get, head := serve(t, b, "GET", "Accept-Encoding", "br"), serve(t, b, "HEAD", "Accept-Encoding", "br")
	if head.Body.Len() > 0 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Error(head.Body.Len(), head.Header())
	}
}

func TestUnpack(t *testing.T) {
	t.Parallel()

	b := encoded.New(text)
	again, err := encoded.Unpack(b.Packed())
	if err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{"br", "gzip", "identity"} {
		was, is := serve(t, b, "GET", "Accept-Encoding", accept), serve(t, again, "GET", "Accept-Encoding", accept)
		if was.Header().Get("ETag") != is.Header().Get("ETag") || !bytes.Equal(was.Body.Bytes(), is.Body.Bytes()) {
			t.Errorf("%s differs after unpacking", accept)
		}
	}
	packed := b.Packed()
	for i := range packed {
		broken := bytes.Clone(packed)
		broken[i] ^= 1
		got, err := encoded.Unpack(broken)
		if err == nil && !bytes.Equal(decode(t, serve(t, got, "GET")), text) {
			t.Errorf("a flipped bit at %d gives another text", i)
		}
		if _, err := encoded.Unpack(packed[:i]); err == nil {
			t.Errorf("cut at %d and still whole", i)
		}
	}
}

func TestSmall(t *testing.T) {
	t.Parallel()

	for _, b := range []*encoded.Body{encoded.New([]byte("x")), encoded.New(nil), encoded.Plain(text)} {
		if got := serve(t, b, "GET", "Accept-Encoding", "br, gzip").Header().Get("Content-Encoding"); got != "" || b.Packed() != nil {
			t.Errorf("compressed to %q", got)
		}
	}
}

func FuzzNegotiation(f *testing.F) {
	f.Add("gzip;q=0.5, br", `W/"x", *`)
	b := encoded.New(text)
	f.Fuzz(func(t *testing.T, accept, match string) {
		w := serve(t, b, "GET", "Accept-Encoding", accept, "If-None-Match", match)
		if w.Code == http.StatusOK && !bytes.Equal(decode(t, w), text) {
			t.Error("another text")
		}
	})
}
