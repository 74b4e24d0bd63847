// Package otlp sends spans to a collector, over HTTP and in the background:
// what cannot be sent is dropped, and nobody waits. It is apart from package
// tracing, as it is large and functions on Lambda do without.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// Options say where spans go.
type Options struct {
	Endpoint         string // of the collector, without /v1/traces
	Service, Version string
	Log              *slog.Logger
}

// roots lets traces begin with the requests and jobs that a tracing.Tracer
// has chosen, and no others: the queries of one that was not chosen, or of a
// relay that asks PostgreSQL every second, are of no interest.
type roots struct{ trace.Sampler }

// ShouldSample drops what a client does by itself.
func (r roots) ShouldSample(p trace.SamplingParameters) trace.SamplingResult {
	if p.Kind == api.SpanKindServer || p.Kind == api.SpanKindConsumer {
		return r.Sampler.ShouldSample(p)
	}
	return trace.SamplingResult{Decision: trace.Drop}
}

// Start sends the spans of the process from here on. stop sends what is left,
// for as long as its ctx lasts.
func Start(ctx context.Context, o Options) (stop func(context.Context), err error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(o.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter), // 2,048 spans at most wait, further ones are dropped
		trace.WithSampler(trace.ParentBased(roots{trace.AlwaysSample()})),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "handbook-"+o.Service), attribute.String("service.version", o.Version))),
	)
	otel.SetTracerProvider(provider)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Log.Warn("tracing", "err", err) }))
	return func(ctx context.Context) { _ = provider.Shutdown(ctx) }, nil
}
