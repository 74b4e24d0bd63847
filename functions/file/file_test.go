package file_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"pilothandbook/functions/file"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func ask(t testing.TB, p *platform.Platform, who *platformtest.User, method, path string, header ...string) platformtest.Answer {
	t.Helper()
	r := platformtest.Request(t, who, method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return platformtest.Send(t, p, file.Routes(p), r)
}

// packed makes a package with a photograph of some size, and returns the
// photograph, its file, and where that is.
func packed(t testing.TB, p *platform.Platform, size int) (body []byte, f offline.File, path string) {
	t.Helper()
	platformtest.Shelf(t, p)
	body = make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(body)
	sum := sha256.Sum256(body)
	platformtest.Exec(t, p, `INSERT INTO blobs (sha256, size, body) VALUES ($1, $2, $3)`, sum[:], size, body)
	platformtest.Exec(t, p, `
		INSERT INTO media (version_id, path, sha256, content_type)
		SELECT id, 'media/photograph.jpg', $1, 'image/jpeg'
		FROM content_versions
		WHERE module_id = 'instrument'`, sum[:])
	for _, f := range platformtest.Pack(t, p, "instrument").Files {
		if f.SHA256 == sum {
			return body, f, "/api/packages/instrument/" + f.Sealed.String()
		}
	}
	t.Fatal("the photograph is not in the package")
	return nil, offline.File{}, ""
}

func TestSend(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	body, f, path := packed(t, p, 2*seal.Chunk+1001)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	whole := ask(t, p, ana, "GET", path)
	tag := `"` + f.Sealed.String() + `"`
	if whole.Status != http.StatusOK || sha256.Sum256([]byte(whole.Body)) != f.Sealed || int64(len(whole.Body)) != f.SealedSize {
		t.Fatalf("%d, %d bytes", whole.Status, len(whole.Body))
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "Cache-Control": "private, max-age=31536000, immutable", "ETag": tag,
		"Content-Length": strconv.FormatInt(f.SealedSize, 10), "Accept-Ranges": "bytes", "Vary": "Cookie",
	} {
		if got := whole.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	key, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(p.Config), "instrument")
	if err != nil {
		t.Fatal(err)
	}
	s, err := key.Key.File(f.SHA256, f.Size)
	if err != nil {
		t.Fatal(err)
	}
	var opened bytes.Buffer
	if err := s.Open(&opened, strings.NewReader(whole.Body)); err != nil || !bytes.Equal(opened.Bytes(), body) {
		t.Errorf("opened: %v", err)
	}
	if head := ask(t, p, ana, "HEAD", path); head.Status != http.StatusOK || head.Body != "" || head.Header.Get("Content-Length") != whole.Header.Get("Content-Length") {
		t.Errorf("HEAD: %v", head)
	}
	if again := ask(t, p, ana, "GET", path, "If-None-Match", tag); again.Status != http.StatusNotModified || again.Body != "" {
		t.Errorf("again: %d", again.Status)
	}
	if many := ask(t, p, ana, "GET", path, "Range", "bytes=0-0,5-6"); many.Status != http.StatusOK || many.Body != whole.Body {
		t.Errorf("several parts: %d", many.Status)
	}
	for _, none := range []string{fmt.Sprintf("bytes=%d-", f.SealedSize), "bytes=-0"} {
		got := ask(t, p, ana, "GET", path, "Range", none)
		if want := fmt.Sprintf("bytes */%d", f.SealedSize); got.Status != http.StatusRequestedRangeNotSatisfiable || got.Header.Get("Content-Range") != want {
			t.Errorf("%s: %d %q, want %q", none, got.Status, got.Header.Get("Content-Range"), want)
		}
	}
}

// TestClosed: whoever may not read the module gets no byte, whatever they
// know of it already.
func TestClosed(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	_, f, path := packed(t, p, 1000)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	other := platformtest.Learner(t, p, "other@example.com")
	platformtest.Grant(t, p, other, "private_commercial")
	platformtest.Revoke(t, p, ana, "instrument")
	for who, want := range map[*platformtest.User]int{nil: http.StatusUnauthorized, ana: http.StatusPaymentRequired, other: http.StatusPaymentRequired} {
		for _, header := range [][]string{nil, {"If-None-Match", `"` + f.Sealed.String() + `"`}, {"If-None-Match", "*"}, {"Range", "bytes=0-10"}} {
			if got := ask(t, p, who, "GET", path, header...); got.Status != want || got.Header.Get("ETag") != "" {
				t.Errorf("%v: %d, want %d", header, got.Status, want)
			}
		}
	}
	for _, elsewhere := range []string{
		strings.Replace(path, "instrument", "private_commercial", 1), strings.ToUpper(path[len(path)-64:]), path[:len(path)-1], path + "0",
		"/api/packages/private_commercial/" + strings.Repeat("0", 64), "/api/packages/private_commercial/x",
	} {
		if !strings.HasPrefix(elsewhere, "/") {
			elsewhere = "/api/packages/private_commercial/" + elsewhere
		}
		if got := ask(t, p, other, "GET", elsewhere); got.Status == http.StatusOK || got.Status >= 500 {
			t.Errorf("%s: %d", elsewhere, got.Status)
		}
	}
}

// TestLostKey: without the key that wrapped the module's nothing is sent, the
// reader is told what to do, and the log which key it is.
func TestLostKey(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	_, f, path := packed(t, p, 1000)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	for name, keys := range map[string]config.Secret{"another": "next:lTPdYMjs8BfTvCnWfdbM3SSLXcKyhZTeBIWaRhfU2nA=", "none": "", "an impostor": "tests:lTPdYMjs8BfTvCnWfdbM3SSLXcKyhZTeBIWaRhfU2nA="} {
		cfg := *p.Config
		cfg.ContentEncryptionKey = keys
		got := ask(t, platformtest.Open(t, &cfg), ana, "GET", path, "If-None-Match", `"`+f.Sealed.String()+`"`)
		if got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "Read online, and try again later") || got.Header.Get("ETag") != "" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzRange: a part of a sealed file is exactly what it says it is.
func FuzzRange(f *testing.F) {
	platformtest.AddRanges(f)
	for _, s := range []string{"bytes=262143-262145", "bytes=262159-262161", "bytes=600100-"} { // a sealed piece is 16 bytes longer
		f.Add(s, "")
	}
	p := platformtest.New(f)
	_, sealed, path := packed(f, p, 600_000)
	ana := platformtest.Learner(f, p, "ana@example.com")
	platformtest.Grant(f, p, ana, "instrument")
	body := ask(f, p, ana, "GET", path).Body
	f.Add("bytes=1-2", `"`+sealed.Sealed.String()+`"`)
	f.Fuzz(func(t *testing.T, asked, unless string) {
		got := ask(t, p, ana, "GET", path, "Range", asked, "If-Range", unless)
		platformtest.WantRange(t, got, body, asked)
	})
}
