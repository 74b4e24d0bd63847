package describe_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

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

// The page has every route, all its links within it lead somewhere, and its
// ids are its own.
func TestShow(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	described, err := platformtest.Description()
	if err != nil {
		t.Fatal(err)
	}

	got, doc := platformtest.Page(t, p, describe.Routes(p), nil, "/api")
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Cache-Control"), "public") {
		t.Fatalf("got %d %v", got.Status, got.Header)
	}
	for at, item := range described.Paths.Map() {
		for method, o := range item.Operations() {
			words := strings.Join(strings.Fields(doc.Find("[id='"+o.OperationID+"'] summary").Text()), " ")
			if words != method+" "+at+" "+o.Summary {
				t.Errorf("%s %s is shown as %q", method, at, words)
			}
		}
	}
	ids := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		if id := s.AttrOr("id", ""); ids[id] {
			t.Errorf("the id %q is there twice", id)
		}
		ids[s.AttrOr("id", "")] = true
	})
	doc.Find("main a[href^='#']").Each(func(_ int, s *goquery.Selection) {
		if !ids[strings.TrimPrefix(s.AttrOr("href", ""), "#")] {
			t.Errorf("%s leads nowhere", s.AttrOr("href", ""))
		}
	})
	if doc.Find("#post-api-uploads dd a[href='#Missing']").Length() == 0 || doc.Find("#get-api-modules li code").First().Text() != "modules" {
		t.Error("what is answered is not told")
	}
}

// The description is what the OpenAPI Initiative's schema of 3.1 asks for,
// which testdata has.
func TestValid(t *testing.T) {
	t.Parallel()
	rules, err := jsonschema.NewCompiler().Compile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.Open("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	doc, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := rules.Validate(doc); err != nil {
		t.Error(err)
	}
	doc.(map[string]any)["servers"] = "/"
	if rules.Validate(doc) == nil {
		t.Error("the schema asks for nothing")
	}
}
