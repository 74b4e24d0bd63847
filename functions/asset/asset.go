// Package asset serves what every page loads: styles, scripts, the icon.
//
//	GET /assets/:file  a file of the reader, by its hashed name; never changes
//	GET /robots.txt    what crawlers may read
package asset

import (
	"mime"
	"net/http"
	"path"
	"sync"

	"pilothandbook/platform"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
	"pilothandbook/reader/encoded"
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(*platform.Platform) []web.Route {
	e := endpoint{files: sync.OnceValue(compress)}
	return []web.Route{
		{Method: "GET", Path: "/assets/:file", Access: web.Public, Handle: e.show},
		{Method: "GET", Path: "/robots.txt", Access: web.Public, Handle: robots},
	}
}

// endpoint compresses all files when the first one is asked for, so that a
// start need not wait for it.
type endpoint struct {
	files func() map[string]*encoded.Body
}

func compress() map[string]*encoded.Body {
	bodies := map[string]*encoded.Body{}
	for name, f := range reader.Files() {
		bodies[name] = encoded.New(f.Body)
	}
	return bodies
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	name := web.Param(r, "file")
	body, ok := e.files()[name]
	if !ok {
		return fault.New(fault.NotFound, "There is no file %q. Reload the page that asked for it.", name)
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	return body.Serve(w, r)
}

// contentType does not ask the machine's own table of types, which differs.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".map", ".json":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		return mime.TypeByExtension(ext)
	}
}

// rules keep crawlers away from what is no page to find.
const rules = `User-agent: *
Disallow: /api/
Disallow: /signin
Disallow: /checkout/
Disallow: /reports/
`

func robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	return web.Bytes(w, http.StatusOK, "text/plain; charset=utf-8", []byte(rules))
}
