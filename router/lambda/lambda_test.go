package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/router/lambda"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// seen is what a function saw of a request.
type seen struct {
	Method, Path, Query, Body string
	Signature, Cookie         string
}

// mirror answers with what it sees, and two cookies.
func mirror(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	web.Cookie(w, false, "a", "1", 0)
	web.Cookie(w, false, "b", "2", 0)
	return web.JSON(w, http.StatusCreated, seen{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body),
		Signature: strings.Join(r.Header.Values("Stripe-Signature"), ","), Cookie: web.CookieValue(r, false, "session"),
	})
}

const body = `{"text":"Grüße"}`

func TestPayloads(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	h := lambda.Wrap(p, web.Route{Method: "POST", Path: "/api/mirror", Access: web.Public, Handle: mirror})
	encoded := base64.StdEncoding.EncodeToString([]byte(body))
	one := map[string]string{"stripe-signature": "t=1,v1=aa,v1=bb", "cookie": "session=s; other=o", "sec-fetch-site": "same-origin"}
	lists := map[string][]string{"stripe-signature": {"t=1,v1=aa,v1=bb"}, "cookie": {"session=s; other=o"}, "sec-fetch-site": {"same-origin"}}
	v2 := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/api/mirror", RawQueryString: "q=1", Headers: map[string]string{"stripe-signature": "t=1,v1=aa,v1=bb", "sec-fetch-site": "same-origin"},
		Cookies: []string{"session=s", "other=o"}, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/api/mirror", SourceIP: "192.0.2.1"}},
	}
	v2coded := v2
	v2coded.Body, v2coded.IsBase64Encoded = encoded, true
	elb := events.ALBTargetGroupRequestContext{ELB: events.ELBContext{TargetGroupArn: "arn:aws:elasticloadbalancing:x"}}
	for name, payload := range map[string]any{
		"API Gateway 1":            events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: "/api/mirror", QueryStringParameters: map[string]string{"q": "1"}, Headers: one, Body: body},
		"API Gateway 1, base64":    events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: "/api/mirror", MultiValueQueryStringParameters: map[string][]string{"q": {"1"}}, MultiValueHeaders: lists, Body: encoded, IsBase64Encoded: true},
		"API Gateway 2":            v2,
		"API Gateway 2, base64":    v2coded,
		"load balancer":            events.ALBTargetGroupRequest{HTTPMethod: "POST", Path: "/api/mirror", QueryStringParameters: map[string]string{"q": "1"}, Headers: one, Body: body, RequestContext: elb},
		"load balancer, lists":     events.ALBTargetGroupRequest{HTTPMethod: "POST", Path: "/api/mirror", MultiValueQueryStringParameters: map[string][]string{"q": {"1"}}, MultiValueHeaders: lists, Body: body, RequestContext: elb},
		"load balancer, in base64": events.ALBTargetGroupRequest{HTTPMethod: "POST", Path: "/api/mirror", QueryStringParameters: map[string]string{"q": "1"}, Headers: one, Body: encoded, IsBase64Encoded: true, RequestContext: elb},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, err := json.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			out, err := h.Invoke(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var a struct {
				StatusCode int    `json:"statusCode"`
				Body       string `json:"body"`
				Base64     bool   `json:"isBase64Encoded"`
			}
			if err := json.Unmarshal(out, &a); err != nil {
				t.Fatal(err)
			}
			var got seen
			if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			want := seen{Method: "POST", Path: "/api/mirror", Query: "q=1", Body: body, Signature: "t=1,v1=aa,v1=bb", Cookie: "s"}
			if a.StatusCode != 201 || got != want {
				t.Errorf("status %d, saw %+v; want %+v", a.StatusCode, got, want)
			}
			if !strings.Contains(string(out), "a=") || !strings.Contains(string(out), "nosniff") {
				t.Errorf("headers are lost: %s", out)
			}
		})
	}
}

func TestNotAPayload(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	if _, err := lambda.Wrap(p).Invoke(t.Context(), []byte("{")); err == nil {
		t.Error("no error")
	}
}
