// Package describe tells programs and people what the handbook answers.
//
//	GET /api/openapi.json  every route and every fault, as OpenAPI 3.1
//	GET /api               the same as a page
//
// The description is made of the parts that functions have beside their code.
package describe

//go:generate go run ./generate

import (
	_ "embed"
	"net/http"
	"sync"

	"pilothandbook/platform"
	"pilothandbook/platform/web"
	"pilothandbook/reader/encoded"
)

//go:embed openapi.json
var description []byte

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		file: sync.OnceValue(func() *encoded.Body { return encoded.New(description) }),
		page: sync.OnceValues(func() (*encoded.Body, error) { return shown(p.Notice) }),
	}
	return []web.Route{
		{Method: "GET", Path: "/api", Access: web.Public, Handle: e.show},
		{Method: "GET", Path: "/api/openapi.json", Access: web.Public, Handle: e.tell},
	}
}

// endpoint builds and compresses when it is asked for the first time, so that
// a start need not wait for it.
type endpoint struct {
	file func() *encoded.Body
	page func() (*encoded.Body, error)
}

func shown(notice string) (*encoded.Body, error) {
	text, err := page(description, notice)
	if err != nil {
		return nil, err
	}
	return encoded.New(text), nil
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	body, err := e.page()
	if err != nil {
		return err
	}
	describe(w.Header(), "text/html; charset=utf-8")
	return body.Serve(w, r)
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	describe(w.Header(), "application/json")
	return e.file().Serve(w, r)
}

// describe sets the headers of what is everybody's and changes with the
// program only.
func describe(h http.Header, contentType string) {
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Vary", "Accept-Encoding")
}
