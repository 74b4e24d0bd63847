// Package lambda wraps functions as AWS Lambda functions: the same routes and
// the same middleware as in the long-running host.
//
//	func main() { lambda.Serve(stripehook.Routes) }
//
// It tells API Gateway payloads of version 1 (REST APIs) and 2 (HTTP APIs,
// function URLs) and those of an application load balancer apart.
package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

// Serve runs functions in AWS Lambda until the runtime ends the process. It
// exits 1 when the configuration is not right.
func Serve(functions ...func(*platform.Platform) []web.Route) {
	h, err := open(functions)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(h)
}

// open builds the handler of functions from the environment. Nothing is
// connected before the first request.
func open(functions []func(*platform.Platform) []web.Route) (*Handler, error) {
	cfg, err := config.Load(config.Lambda)
	if err != nil {
		return nil, err
	}
	p, err := platform.Open(cfg, config.Lambda, platform.Logger(cfg))
	if err != nil {
		return nil, err
	}
	var routes []web.Route
	for _, f := range functions {
		routes = append(routes, f(p)...)
	}
	if err := cfg.Require(web.Needs(routes)...); err != nil {
		return nil, err
	}
	return Wrap(p, routes...), nil
}

// Handler answers any of the payloads with one router. It is a lambda.Handler.
type Handler struct {
	v1  *httpadapter.HandlerAdapter
	v2  *httpadapter.HandlerAdapterV2
	alb *httpadapter.HandlerAdapterALB

	platform *platform.Platform
}

// Wrap returns the handler of routes.
func Wrap(p *platform.Platform, routes ...web.Route) *Handler {
	r := router.New(p, routes...)
	return &Handler{v1: httpadapter.New(r), v2: httpadapter.NewV2(r), alb: httpadapter.NewALB(r), platform: p}
}

// Invoke answers one payload in the form in which it came. The runtime freezes
// the process with each answer: what is held in memory is written before.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer platform.FlushLog(h.platform.Log)
	defer h.platform.Flush()
	var form struct {
		Version string `json:"version"`
		Context struct {
			ELB json.RawMessage `json:"elb"`
		} `json:"requestContext"`
	}
	if err := json.Unmarshal(payload, &form); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	switch {
	case form.Version == "2.0":
		return answer(ctx, payload, h.v2.ProxyWithContext)
	case form.Context.ELB != nil:
		return answer(ctx, payload, h.loadBalancer)
	}
	return answer(ctx, payload, h.v1.ProxyWithContext)
}

func answer[In, Out any](ctx context.Context, payload []byte, proxy func(context.Context, In) (Out, error)) ([]byte, error) {
	var in In
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	out, err := proxy(ctx, in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// loadBalancer answers a load balancer, which sends and takes headers either once
// or as lists, never both.
func (h *Handler) loadBalancer(ctx context.Context, in events.ALBTargetGroupRequest) (events.ALBTargetGroupResponse, error) {
	lists := len(in.MultiValueHeaders) > 0
	out, err := h.alb.ProxyWithContext(ctx, in)
	if lists {
		out.Headers = nil
		return out, err
	}
	out.Headers = map[string]string{}
	for name, values := range out.MultiValueHeaders {
		for i, v := range values {
			out.Headers[spelling(name, i)] = v
		}
	}
	out.MultiValueHeaders = nil
	return out, err
}

// spelling returns a header's name with capitals that differ for each n. The
// values of Set-Cookie cannot be joined, and a map has each name once; names
// of headers are the same in any spelling.
func spelling(name string, n int) string {
	b := []byte(name)
	for i := range b {
		letter := b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z'
		if letter && n&1 == 1 {
			b[i] ^= 0x20
		}
		if letter {
			n >>= 1
		}
	}
	return string(b)
}
