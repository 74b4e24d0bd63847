package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"pilothandbook/functions/checkout"
	"pilothandbook/handbook/access"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// lambdaAPI is AWS Lambda's Runtime API: it hands payloads to one process,
// one after the other, and takes its answers.
type lambdaAPI struct {
	busy     sync.Mutex
	payloads chan []byte
	answers  chan []byte
}

func (a *lambdaAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/runtime/invocation/next"):
		select {
		case p := <-a.payloads:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-2:123456789012:function:stripehook")
			_, _ = w.Write(p)
		case <-r.Context().Done():
		}
	default: // .../response or .../error
		b, _ := io.ReadAll(r.Body)
		a.answers <- b
		w.WriteHeader(http.StatusAccepted)
	}
}

// invoke sends one payload through the process and returns the status and
// body that the caller would get.
func (a *lambdaAPI) invoke(t testing.TB, payload any) (int, string) {
	t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	a.busy.Lock()
	defer a.busy.Unlock()
	a.payloads <- b
	select {
	case out := <-a.answers:
		var got struct {
			StatusCode int
			Body       string
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		return got.StatusCode, got.Body
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		return 0, ""
	}
}

// build builds a main as it is deployed.
func build(t testing.TB, main string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-trimpath", "-ldflags", "-s -w", "-o", bin, main)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

const tags = "production,nodynamic,lambda.norpc"

// boot runs a built function against a Runtime API of its own. It has no
// Redis. End ends it.
func boot(t testing.TB, bin string, p *platform.Platform) (api *lambdaAPI, end func()) {
	t.Helper()
	api = &lambdaAPI{payloads: make(chan []byte), answers: make(chan []byte, 1)}
	server := httptest.NewServer(api)
	var out bytes.Buffer
	process := exec.Command(bin)
	process.Stdout, process.Stderr = &out, &out
	process.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"),
		"DATABASE_URL=" + p.Config.DatabaseURL.Reveal(), "AUTH_URL=https://handbook.example",
		"STRIPE_WEBHOOK_SECRET=" + p.Config.StripeWebhookSecret.Reveal(),
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return api, sync.OnceFunc(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
		server.CloseClientConnections()
		server.Close()
		if t.Failed() {
			t.Logf("the function printed:\n%s", &out)
		}
	})
}

// sale is a paid session of the stand-in for Stripe, as the event tells it.
func sale(t testing.TB, p *platform.Platform, till *platformtest.Till, email string) (who *platformtest.User, event string) {
	t.Helper()
	who = platformtest.Learner(t, p, email)
	got := platformtest.Call(t, p, checkout.Routes(p), who, "POST", "/checkout/instrument", platformtest.Agreed())
	var to struct{ URL string }
	got.Into(t, &to)
	till.Pay(t, to.URL)
	all := till.Events(t, p)
	return who, all[len(all)-1]
}

// The built function settles signed events in every form in which AWS passes
// them on, and refuses altered ones.
func TestBuiltFunction(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	api, end := boot(t, build(t, "."), p)
	t.Cleanup(end)
	elb := events.ALBTargetGroupRequestContext{ELB: events.ELBContext{TargetGroupArn: "arn:aws:elasticloadbalancing:us-east-2:1:targetgroup/x"}}
	const path = "/api/stripe/webhook"
	forms := map[string]func(headers map[string]string, body string, coded bool) any{
		"API Gateway 1": func(h map[string]string, body string, coded bool) any {
			return events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: path, Headers: h, Body: body, IsBase64Encoded: coded}
		},
		"API Gateway 2": func(h map[string]string, body string, coded bool) any {
			return events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "$default", RawPath: path, Headers: lower(h), Body: body, IsBase64Encoded: coded,
				RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: path, SourceIP: "192.0.2.1"}}}
		},
		"function URL": func(h map[string]string, body string, coded bool) any {
			return events.LambdaFunctionURLRequest{Version: "2.0", RawPath: path, Headers: lower(h), Body: body, IsBase64Encoded: coded,
				RequestContext: events.LambdaFunctionURLRequestContext{HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: "POST", Path: path, SourceIP: "192.0.2.1"}}}
		},
		"load balancer": func(h map[string]string, body string, coded bool) any {
			return events.ALBTargetGroupRequest{HTTPMethod: "POST", Path: path, Headers: lower(h), Body: body, IsBase64Encoded: coded, RequestContext: elb}
		},
	}
	n := 0
	for name, form := range forms {
		for _, coded := range []bool{false, true} {
			n++
			who, event := sale(t, p, till, fmt.Sprintf("reader%d@example.com", n))
			headers := map[string]string{"Stripe-Signature": platformtest.SignedEvent(t, p, event).Header.Get("Stripe-Signature"), "Content-Type": "application/json; charset=utf-8"}
			send := func(body string) (int, string) {
				if coded {
					body = base64.StdEncoding.EncodeToString([]byte(body))
				}
				return api.invoke(t, form(headers, body, coded))
			}
			if status, body := send(strings.Replace(event, "9900", "9901", 1)); status != http.StatusBadRequest {
				t.Errorf("%s, base64 %v: an altered event: %d %s", name, coded, status, body)
			}
			if opens(t, p, who) {
				t.Errorf("%s, base64 %v: an altered event opened the module", name, coded)
			}
			for range 2 { // a repetition changes nothing
				if status, body := send(event); status != http.StatusOK {
					t.Errorf("%s, base64 %v: %d %s", name, coded, status, body)
				}
			}
			if !opens(t, p, who) {
				t.Errorf("%s, base64 %v: the module is not open", name, coded)
			}
		}
	}
	var stored, purchases, mails int
	err := p.DB.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM stripe_events), (SELECT count(*) FROM purchases WHERE status = 'completed'),
		       (SELECT count(*) FROM outbox WHERE kind = 'purchase-confirmation')`).Scan(&stored, &purchases, &mails)
	if err != nil || stored != n || purchases != n || mails != n {
		t.Errorf("%d events, %d purchases, %d mails to send (%v); want %d of each", stored, purchases, mails, err, n)
	}
}

func lower(h map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range h {
		out[strings.ToLower(k)] = v
	}
	return out
}

func opens(t *testing.T, p *platform.Platform, who *platformtest.User) bool {
	t.Helper()
	ctx := &web.Scope{Context: t.Context(), Reader: &access.Reader{User: who.ID}}
	ok, err := access.NewGate(p).Opens(ctx, "instrument")
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// Without its secret the function does not start.
func TestNeedsItsSecret(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Env = append(os.Environ(), "DATABASE_URL=postgres://x", "AUTH_URL=https://handbook.example", "STRIPE_WEBHOOK_SECRET=")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "STRIPE_WEBHOOK_SECRET is not set") {
		t.Errorf("%v: %s", err, out)
	}
}
