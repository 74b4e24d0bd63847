package media_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/media"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

var (
	free = platformtest.Figure("instrument", platformtest.Drawing("free holding"))
	paid = platformtest.Figure("instrument", platformtest.Drawing(platformtest.Canary+" vor-and-hsi"))
)

func ask(t *testing.T, p *platform.Platform, who *platformtest.User, method, path, match string) platformtest.Answer {
	t.Helper()
	r := platformtest.Request(t, who, method, path, nil)
	r.Header.Set("Accept", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8")
	if match != "" {
		r.Header.Set("If-None-Match", match)
	}
	return platformtest.Send(t, p, media.Routes(p), r)
}

func TestFree(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	got := ask(t, p, nil, "GET", free, "")
	if got.Status != http.StatusOK || got.Body != string(platformtest.Drawing("free holding")) {
		t.Fatal(got)
	}
	for name, want := range map[string]string{
		"Content-Type":            "image/svg+xml",
		"Cache-Control":           "public, max-age=31536000, immutable",
		"Vary":                    "Accept-Encoding",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
		"X-Content-Type-Options":  "nosniff",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s: got %q, want %q", name, v, want)
		}
	}
	if again := ask(t, p, nil, "GET", free, got.Header.Get("ETag")); again.Status != http.StatusNotModified {
		t.Errorf("again: %d", again.Status)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	owner := platformtest.Learner(t, p, "owner@example.com")
	platformtest.Grant(t, p, owner, "bundle")
	other := platformtest.Learner(t, p, "other@example.com")
	platformtest.Grant(t, p, other, "private_commercial")

	read := ask(t, p, owner, "GET", paid, "")
	if read.Status != http.StatusOK || !strings.Contains(read.Body, platformtest.Canary) || read.Header.Get("Cache-Control") != "private, max-age=31536000, immutable" {
		t.Fatal(read)
	}
	refused := func(who *platformtest.User) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			for _, match := range []string{"", read.Header.Get("ETag"), "*"} {
				got := ask(t, p, who, method, paid, match)
				if got.Status != http.StatusPaymentRequired || strings.Contains(got.Body, platformtest.Canary) || got.Header.Get("ETag") != "" {
					t.Errorf("%s, If-None-Match %q: %v", method, match, got)
				}
			}
		}
		elsewhere := strings.Replace(paid, "instrument", "private_commercial", 1)
		if got := ask(t, p, who, "GET", elsewhere, ""); got.Status != http.StatusNotFound {
			t.Errorf("by another module: %d", got.Status)
		}
	}
	refused(nil)
	refused(other)
	platformtest.Revoke(t, p, owner, "bundle")
	refused(owner)
}

// TestFormer shows that a figure that is free no longer is closed, and that
// one of an older version is still there.
func TestFormer(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding")
	next.Version.Version = "2.0.0"
	next.Media[0].Preview = false
	platformtest.Publish(t, p, next)
	if got := ask(t, p, nil, "GET", free, ""); got.Status != http.StatusPaymentRequired {
		t.Errorf("free before: %d", got.Status)
	}
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	if got := ask(t, p, ana, "GET", paid, ""); got.Status != http.StatusOK {
		t.Errorf("of the older version: %d", got.Status)
	}
}

// TestDraft shows figures of a version that readers never had to authors and
// operators alone, free ones too, and lets nobody keep them.
func TestDraft(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "gps", "ils", "vor-and-hsi")
	next.Version.Version = "2.0.0"
	platformtest.Draft(t, p, next)
	figure := func(what string) string { return platformtest.Figure("instrument", platformtest.Drawing(what)) }
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	for _, role := range []string{"author", "operator"} {
		staff := platformtest.Learner(t, p, role+"@example.com")
		platformtest.Exec(t, p, `UPDATE users SET roles = '{`+role+`}' WHERE email = '`+role+`@example.com'`)
		for _, path := range []string{figure("free gps"), figure(platformtest.Canary + " ils"), paid} {
			got := ask(t, p, staff, "GET", path, "")
			if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: %d, %v", role, path, got.Status, got.Header)
			}
		}
	}
	for _, path := range []string{figure("free gps"), figure(platformtest.Canary + " ils")} {
		for _, who := range []*platformtest.User{nil, ana} {
			if got := ask(t, p, who, "GET", path, ""); got.Status != http.StatusNotFound {
				t.Errorf("%v, %s: %d", who, path, got.Status)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	for _, path := range []string{
		"/media/instrument/x.svg", "/media/instrument/" + strings.Repeat("0", 64) + ".svg", "/media/%00/" + strings.Repeat("0", 64) + ".svg",
		strings.TrimSuffix(free, ".svg"), strings.ToUpper(free[:20]) + free[20:], "/media/instrument/" + strings.Repeat("0", 6400) + ".svg",
	} {
		if got := ask(t, p, ana, "GET", path, ""); got.Status != http.StatusNotFound {
			t.Errorf("%.80s: status %d", path, got.Status)
		}
	}
}
