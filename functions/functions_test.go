package functions_test

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/functions"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/router"
	"pilothandbook/router/lambda"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

var param = regexp.MustCompile(`:[a-z0-9]+`)

// Every function can be mounted alone, invoked, and wrapped as a Lambda
// function; none answers with a fault of ours or without being found.
func TestEveryFunctionAlone(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator := platformtest.Operator(t, p)
	for _, f := range functions.List() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			routes := f.Routes(p)
			if len(routes) == 0 {
				t.Fatal("no routes")
			}
			wrapped := lambda.Wrap(p, routes...)
			for _, r := range routes {
				path := param.ReplaceAllString(r.Path, "x")
				direct := platformtest.Call(t, p, routes, operator, r.Method, path, nil)
				if direct.Status >= 500 || direct.Status == 405 && f.Name != "health" || strings.Contains(direct.Body, "no page at this address") {
					t.Errorf("%s %s: %d %s", r.Method, path, direct.Status, direct.Body)
				}
				if got := invoke(t, wrapped, r, path, operator.Secret); got >= 500 || got == 404 && direct.Status != 404 || got == 405 {
					t.Errorf("%s %s wrapped: %d, directly %d", r.Method, path, got, direct.Status)
				}
			}
		})
	}
}

func invoke(t *testing.T, h *lambda.Handler, r web.Route, path, session string) int {
	t.Helper()
	payload, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, Cookies: []string{"session=" + session}, Headers: map[string]string{"sec-fetch-site": "same-origin"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.Method, Path: path}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var a struct{ StatusCode int }
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	return a.StatusCode
}

// docs/routes.txt is the surface of the handbook; a change of it is seen in
// review. Mounting all routes together also finds clashes.
func TestRoutes(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	router.New(p, functions.All(p)...)
	platformtest.Golden(t, "../../docs/routes.txt", functions.Print(p))
}

// What was known a minute ago lets nobody in, and nobody's limit but that of what
// decides nothing is counted by a process alone.
func TestNothingIsDecidedAtAGlance(t *testing.T) {
	t.Parallel()
	for _, r := range functions.All(platformtest.New(t)) {
		if r.Path != "/api/analytics" && (r.Glance || r.Limit.Alone) {
			t.Errorf("%s %s decides something", r.Method, r.Path)
		}
	}
}

// Only asynqmon, which has paths of its own, takes all that is below its word.
func TestPathsBeginWithAWord(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for _, r := range functions.All(p) {
		if strings.HasPrefix(r.Path, "/:") || strings.Contains(r.Path, "*") && r.Path != "/admin/queues/*path" {
			t.Errorf("%s does not begin with a fixed word", r.Path)
		}
	}
}

// A function's own Lambda program links that function only.
func TestLambdaLinksOneFunction(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./stripehook/lambda").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := regexp.MustCompile(`(?m)^pilothandbook/functions/.*$`).FindAllString(string(out), -1)
	if want := []string{"pilothandbook/functions/stripehook", "pilothandbook/functions/stripehook/lambda"}; !slices.Equal(linked, want) {
		t.Errorf("it links %q, want %q", linked, want)
	}
}
