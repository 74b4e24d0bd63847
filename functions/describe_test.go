package functions_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"pilothandbook/functions"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// TestDescription wants the description of all routes to know each route of
// each function, with who may call it and whether it is limited, and no other.
func TestDescription(t *testing.T) {
	t.Parallel()
	doc, err := platformtest.Description()
	if err != nil {
		t.Fatal(err)
	}
	p := platformtest.New(t)
	routes := map[string]bool{}
	for _, f := range functions.List() {
		for _, r := range f.Routes(p) {
			name := r.Method + " " + r.Path
			routes[name] = true
			o := operation(doc, r)
			if o == nil {
				t.Errorf("%s is not described in functions/%s/openapi.yaml", name, f.Name)
				continue
			}
			if got := o.Extensions["x-function"]; got != f.Name {
				t.Errorf("%s is described by %v", name, got)
			}
			if got := o.Extensions["x-access"]; got != r.Access.String() {
				t.Errorf("%s is for %v by its description", name, got)
			}
			if (o.Responses.Value("429") != nil) != (r.Limit != web.Limit{} || slices.Contains(counts, name)) {
				t.Errorf("%s: whether it is limited is not what its description says", name)
			}
		}
	}
	for at, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if name := method + " " + platformtest.Colons(at); !routes[name] {
				t.Errorf("%s is described, and there is none", name)
			}
		}
	}
}

// counts are the routes without a limit that refuse with 429 all the same, by
// what PostgreSQL has counted of one sign-in or address.
var counts = []string{"GET /signin/:request", "GET /account/email/:change"}

// operation returns what the description has of a route, nil if nothing.
func operation(doc *openapi3.T, r web.Route) *openapi3.Operation {
	for at, item := range doc.Paths.Map() {
		if platformtest.Colons(at) == r.Path {
			return item.Operations()[strings.ToUpper(r.Method)]
		}
	}
	return nil
}
