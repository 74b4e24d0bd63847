package media_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"

	"pilothandbook/functions/media"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// photograph makes a large figure of the paid kind, and returns its bytes and
// address.
func photograph(t testing.TB, p *platform.Platform, size int) (body []byte, path string) {
	t.Helper()
	body = make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(body)
	sum := sha256.Sum256(body)
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO blobs (sha256, size, body) VALUES ($1, $2, $3)`, sum[:], size, body); err != nil {
		t.Fatal(err)
	}
	_, err := p.DB.Exec(t.Context(), `
		INSERT INTO media (version_id, path, sha256, content_type)
		SELECT id, 'media/photograph.jpg', $1, 'image/jpeg'
		FROM content_versions
		WHERE module_id = 'instrument'`, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return body, fmt.Sprintf("/media/instrument/%x.jpg", sum)
}

func TestLarge(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	body, path := photograph(t, p, 1_300_001)
	whole := ask(t, p, ana, "GET", path, "")
	tag := whole.Header.Get("ETag")
	if whole.Status != http.StatusOK || whole.Body != string(body) || tag == "" || whole.Header.Get("Content-Length") != strconv.Itoa(len(body)) ||
		whole.Header.Get("Content-Type") != "image/jpeg" || whole.Header.Get("Cache-Control") != "private, max-age=31536000, immutable" {
		t.Fatalf("%d, %d bytes, %v", whole.Status, len(whole.Body), whole.Header)
	}
	if again := ask(t, p, ana, "GET", path, tag); again.Status != http.StatusNotModified || again.Body != "" {
		t.Errorf("again: %d", again.Status)
	}
	if head := ask(t, p, ana, "HEAD", path, ""); head.Status != http.StatusOK || head.Body != "" || head.Header.Get("Content-Length") != strconv.Itoa(len(body)) {
		t.Errorf("HEAD: %d, %v", head.Status, head.Header)
	}
	if got := ask(t, p, nil, "GET", path, tag); got.Status != http.StatusPaymentRequired || got.Header.Get("ETag") != "" {
		t.Errorf("not bought: %d, %v", got.Status, got.Header)
	}
}

// FuzzRangeHeader: a part of a large figure is exactly what it says it is.
func FuzzRangeHeader(f *testing.F) {
	platformtest.AddRanges(f)
	p := platformtest.New(f)
	platformtest.Shelf(f, p)
	ana := platformtest.Learner(f, p, "ana@example.com")
	platformtest.Grant(f, p, ana, "instrument")
	body, path := photograph(f, p, 600_000)
	f.Fuzz(func(t *testing.T, asked, unless string) {
		r := platformtest.Request(t, ana, "GET", path, nil)
		r.Header.Set("Range", asked)
		r.Header.Set("If-Range", unless)
		got := platformtest.Send(t, p, media.Routes(p), r)
		platformtest.WantRange(t, got, string(body), asked)
	})
}
