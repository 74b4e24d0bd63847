package router

import (
	"cmp"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"pilothandbook/platform/tracing"
	"pilothandbook/platform/web"
)

// recorder remembers a request and what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	scope  web.Scope
	began  time.Time
	status int
	bytes  int64
	span   *tracing.Span // nil where nothing is traced
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// path returns what the log tells of a request's path: all of it, but where a
// token in it opens something to whoever has it, only its route.
func (r *recorder) path(req *http.Request) string {
	if r.scope.Params.ByName("token") != "" {
		return r.scope.Route
	}
	return req.URL.Path
}

// trace ends the request's span. It has the route and not the path, which may
// hold a code.
func (r *recorder) trace(method string, status int) {
	if r.span.Recording() {
		r.span.Name(method+" "+cmp.Or(r.scope.Route, "none"), attribute.String("http.request.method", method), attribute.String("http.route", r.scope.Route),
			attribute.Int("http.response.status_code", status), attribute.String("handbook.request", r.scope.Origin.Request))
	}
	r.span.End(status >= http.StatusInternalServerError)
}

// Unwrap lets http.ResponseController reach what is below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
