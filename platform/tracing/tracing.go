// Package tracing follows a request through PostgreSQL and Redis, and into the
// jobs that came of it, in OpenTelemetry's terms. A nil *Tracer, as every
// process without an endpoint has, follows nothing and costs nothing.
package tracing

import (
	"context"
	"math/rand/v2"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracer begins spans.
type Tracer struct {
	spans trace.Tracer
	share float64
}

// New returns a Tracer whose spans go to what otlp.Start has set up. It follows
// a share of the requests, 0 to 1, and as many of the jobs that came of none of
// them. It draws them itself, as a span that nobody keeps costs a request more
// than its line in the log.
func New(share float64) *Tracer { return &Tracer{otel.Tracer("pilothandbook"), share} }

// chosen reports whether something is to be followed.
func (t *Tracer) chosen() bool { return t != nil && rand.Float64() < t.share }

// Span is something under way; a nil one is nothing.
type Span struct{ span trace.Span }

// Request begins the span of a request. It is the first of its trace, whatever
// a stranger's headers say of one above it.
func (t *Tracer) Request(ctx context.Context) (context.Context, *Span) {
	if !t.chosen() {
		return ctx, nil
	}
	ctx, span := t.spans.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
	return ctx, &Span{span}
}

// Job begins the span of an attempt of a job, below that of the request whose
// Parent is given, if there is one.
func (t *Tracer) Job(ctx context.Context, kind, parent string) (context.Context, *Span) {
	if t == nil || parent == "" && !t.chosen() {
		return ctx, nil
	}
	above := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{header: parent})
	ctx, span := t.spans.Start(above, "job "+kind, trace.WithSpanKind(trace.SpanKindConsumer))
	return ctx, &Span{span}
}

const header = "traceparent"

// Parent returns the span of ctx as W3C's traceparent, "" if it is not kept.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[header]
}

// Name says what a span turned out to be.
func (s *Span) Name(name string, about ...attribute.KeyValue) {
	if s != nil && s.span.IsRecording() {
		s.span.SetName(name)
		s.span.SetAttributes(about...)
	}
}

// End ends a span; failed says that it was the handbook's fault.
func (s *Span) End(failed bool) {
	if s == nil {
		return
	}
	if failed {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}

// Recording reports whether the span is kept.
func (s *Span) Recording() bool { return s != nil && s.span.IsRecording() }
