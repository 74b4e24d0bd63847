package asset_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/asset"
	"pilothandbook/platform/platformtest"
	"pilothandbook/reader"
)

func TestShow(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	routes := asset.Routes(p)
	for name, want := range map[string]string{
		"handbook.css": "text/css; charset=utf-8", "handbook.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		r := platformtest.Request(t, nil, "GET", reader.Asset(name), nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		got := platformtest.Send(t, p, routes, r)
		if got.Status != http.StatusOK || got.Header.Get("Content-Type") != want || got.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %v", name, got.Status, got.Header)
		}
		r.Header.Set("If-None-Match", got.Header.Get("ETag"))
		if again := platformtest.Send(t, p, routes, r); again.Status != http.StatusNotModified {
			t.Errorf("%s again: %d", name, again.Status)
		}
		if name == "handbook.css" && got.Header.Get("Content-Encoding") != "br" {
			t.Error("the styles are not compressed")
		}
	}
	for _, path := range []string{"/assets/handbook.css", "/assets/handbook.00000000.css"} {
		if got := platformtest.Call(t, p, routes, nil, "GET", path, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

func TestRobots(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	got := platformtest.Call(t, p, asset.Routes(p), nil, "GET", "/robots.txt", nil)
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "User-agent: *\n") || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Error(got)
	}
}
