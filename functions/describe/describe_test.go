package describe_test

import (
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"pilothandbook/functions/describe"
	"pilothandbook/platform/platformtest"
)

// The description is for everybody, as a program reads it, and sent once.
func TestTell(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	routes := describe.Routes(p)

	got := platformtest.Call(t, p, routes, nil, "GET", "/api/openapi.json", nil)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(got.Body))
	if got.Status != http.StatusOK || err != nil || !doc.IsOpenAPI31OrLater() || doc.Paths.Value("/api/openapi.json") == nil {
		t.Fatalf("got %d %v: %v", got.Status, got.Header, err)
	}
	r := platformtest.Request(t, nil, "GET", "/api/openapi.json", nil)
	r.Header.Set("If-None-Match", got.Header.Get("ETag"))
	if again := platformtest.Send(t, p, routes, r); again.Status != http.StatusNotModified || again.Body != "" {
		t.Errorf("asked again: %d with %d bytes", again.Status, len(again.Body))
	}
}
