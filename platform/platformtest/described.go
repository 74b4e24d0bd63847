package platformtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/julienschmidt/httprouter"

	"pilothandbook/platform/web"
)

// Description returns functions/describe/openapi.json, checked.
var Description = sync.OnceValues(func() (*openapi3.T, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			return nil, errors.New("this is no folder of the module")
		}
		dir = filepath.Dir(dir)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "functions", "describe", "openapi.json"))
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// described finds the operation of a path.
var described = sync.OnceValues(func() (*httprouter.Router, error) {
	doc, err := Description()
	if err != nil {
		return nil, err
	}
	paths := httprouter.New()
	for at, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			route := &routers.Route{Spec: doc, Path: at, PathItem: item, Method: method, Operation: operation}
			paths.Handle(method, Colons(at), func(w http.ResponseWriter, _ *http.Request, params httprouter.Params) {
				found := w.(*finding)
				found.route, found.params = route, params
			})
		}
	}
	return paths, nil
})

// finding takes what described finds.
type finding struct {
	http.ResponseWriter
	route  *routers.Route
	params httprouter.Params
}

// Colons writes a path of the description as routes have it.
func Colons(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

// stray is the key in a request's context of what Stray says.
type stray struct{}

// Stray marks a request that says on purpose what is not described. Only its
// answer is checked.
func Stray(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), stray{}, true))
}

// Watch returns what checks the answer of one of routes to a request, and if it
// succeeded the request too, against the description of all functions. What
// was answered without the route, as for a method that it lacks, is not
// described.
func Watch(t testing.TB, routes []web.Route, r *http.Request) (agree func(Answer)) {
	t.Helper()
	paths, err := described()
	if err != nil {
		t.Fatalf("the description: %v; make it with go generate ./functions/describe", err)
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found finding
	if handle, params, _ := paths.Lookup(method, r.URL.Path); handle != nil {
		handle(&found, nil, params)
	}
	if !slices.ContainsFunc(routes, func(one web.Route) bool {
		return found.route != nil && one.Method == method && one.Path == Colons(found.route.Path)
	}) {
		return func(Answer) {} // a test's own, or none
	}
	asked := r.Clone(r.Context()) // routing may change what it is asked
	var sent bytes.Buffer
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &sent), r.Body}
	}
	return func(a Answer) {
		t.Helper()
		if a.Status == http.StatusMethodNotAllowed {
			return
		}
		if err := found.agrees(asked, sent.Bytes(), a); err != nil {
			t.Errorf("%s %s is not as functions/%v/openapi.yaml says: %d %s\n%v", asked.Method, asked.URL, found.route.Operation.Extensions["x-function"], a.Status, a.Header.Get("Content-Type"), err)
		}
	}
}

func (f finding) agrees(r *http.Request, sent []byte, a Answer) error {
	body, err := decoded(a)
	if err != nil {
		return err
	}
	request := r.Clone(r.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent))
	if body := f.route.Operation.RequestBody; body != nil && request.Header.Get("Content-Type") == "" {
		for only := range body.Value.Content { // taken for what it should be
			request.Header.Set("Content-Type", only)
		}
	}
	in := &openapi3filter.RequestValidationInput{
		Request: request, Route: f.route, PathParams: map[string]string{}, QueryParams: r.URL.Query(),
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
			ExcludeRequestBody: len(sent) == 0 && r.ContentLength != 0, // nobody read it
		},
	}
	for _, p := range f.params {
		in.PathParams[p.Key] = p.Value
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.Status, Header: a.Header}
	out.SetBodyBytes(body)
	answer := f.route.Operation.Responses.Status(a.Status)
	switch {
	case answer == nil:
		return fmt.Errorf("this status is not described; the answer is %.300s", a.Body)
	case len(answer.Value.Content) == 0 && a.Body != "" && a.Status/100 != 3 && r.Method != http.MethodHead:
		return fmt.Errorf("it has no body, but %.300s", a.Body)
	}
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		return err
	}
	refused := a.Status >= 400 || strings.HasPrefix(a.Header.Get("Location"), "/signin?next=")
	if refused || a.Status == http.StatusNotModified || r.Context().Value(stray{}) != nil {
		return nil // what was asked need not make sense
	}
	return errors.Join(openapi3filter.ValidateRequest(r.Context(), in), f.asks(r, sent))
}

// decoded returns a body without its encoding.
func decoded(a Answer) ([]byte, error) {
	var body io.Reader = strings.NewReader(a.Body)
	var err error
	if a.Body == "" { // as HEAD is answered
		return nil, nil
	}
	switch a.Header.Get("Content-Encoding") {
	case "br":
		body = brotli.NewReader(body)
	case "gzip":
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(body)
}

// asks wants every parameter of a query, every field of a form, and every body
// to be described.
func (f finding) asks(r *http.Request, sent []byte) error {
	for name := range r.URL.Query() {
		if f.route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the parameter %q of the query is not described", name)
		}
	}
	if len(sent) == 0 {
		return nil
	}
	if f.route.Operation.RequestBody == nil {
		return fmt.Errorf("a body is not described: %.300s", sent)
	}
	form := f.route.Operation.RequestBody.Value.Content["application/x-www-form-urlencoded"]
	if form == nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil
	}
	fields, err := url.ParseQuery(string(sent))
	for name := range fields {
		if form.Schema.Value.Properties[name] == nil {
			return fmt.Errorf("the field %q of the form is not described", name)
		}
	}
	return err
}
