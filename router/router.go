// Package router mounts functions: a list of routes becomes one handler, with
// the middleware that all share. It imports no function, so that a program
// which mounts one links only that one. The same handler serves the
// long-running host, a Lambda function and a test.
package router

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/julienschmidt/httprouter"

	"pilothandbook/handbook/access"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// Router is the handler of a list of routes.
type Router struct {
	mux    *httprouter.Router
	gate   access.Gate
	db     *db.Pool
	log    *slog.Logger
	notice string
	secure bool
	cross  *http.CrossOriginProtection
	routes []web.Route
}

// New mounts routes. It panics when two of them clash, as httprouter does.
func New(p *platform.Platform, routes ...web.Route) *Router {
	rt := &Router{
		mux: httprouter.New(), gate: access.NewGate(p), db: p.DB, log: p.Log, notice: p.Notice, secure: p.Config.Secure(),
		cross: http.NewCrossOriginProtection(), routes: routes,
	}
	rt.mux.RedirectFixedPath = false
	rt.mux.HandleOPTIONS = false
	rt.mux.NotFound = rt.answering(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.NotFound, "There is no page at this address.")
	})
	rt.mux.MethodNotAllowed = http.HandlerFunc(notAllowed)
	for _, r := range routes {
		rt.mux.Handler(r.Method, r.Path, rt.guard(r))
		if r.Method == http.MethodGet && !slices.ContainsFunc(routes, func(o web.Route) bool { return o.Path == r.Path && o.Method == http.MethodHead }) && r.Access != web.Signed {
			rt.mux.Handler(http.MethodHead, r.Path, rt.guard(r))
		}
	}
	return rt
}

// ServeHTTP gives the request an id, logs it, and never lets a panic out.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	id, _ := uuid.NewV7()
	r = r.WithContext(web.WithRequestID(r.Context(), id.String()))
	out := &recorder{ResponseWriter: w}
	rt.headers(w.Header(), id)
	defer func() {
		if v := recover(); v != nil {
			rt.panicked(out, r, v)
		}
		rt.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("id", id.String()), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", cmp.Or(out.status, http.StatusOK)), slog.Int64("bytes", out.bytes),
			slog.Int64("us", time.Since(began).Microseconds()))
	}()
	rt.mux.ServeHTTP(out, r)
}

// policy is what pages may load: nothing but this site's own. Forms may also
// lead to Stripe's checkout, as the redirect after one counts as its target.
const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://checkout.stripe.com"

func (rt *Router) headers(h http.Header, id uuid.UUID) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Request-Id", id.String())
	if rt.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// guard wraps a route's handler in what its Access asks for.
func (rt *Router) guard(route web.Route) http.Handler {
	if route.Access == web.Signed {
		return rt.answering(route.Handle) // not a browser's: no session, no cross-origin check
	}
	return rt.answering(func(w http.ResponseWriter, r *http.Request) error {
		if err := rt.cross.Check(r); err != nil {
			return fault.New(fault.Forbidden, "This request came from another site.").Because(err)
		}
		who, err := rt.identify(route, r)
		if err != nil {
			return err
		}
		if err := admit(route.Access, who, r.Method); err != nil {
			return err
		}
		if who != nil {
			r = r.WithContext(access.With(r.Context(), who))
		}
		return route.Handle(w, r)
	})
}

// identify finds the reader. A public page is still served while nobody can
// be identified.
func (rt *Router) identify(route web.Route, r *http.Request) (*access.Reader, error) {
	who, err := rt.gate.Identify(r)
	if err != nil && route.Access == web.Public && db.Gone(err) {
		return nil, nil
	}
	return who, err
}

// admit refuses who may not call a route.
func admit(a web.Access, who *access.Reader, method string) error {
	reading := method == http.MethodGet || method == http.MethodHead
	switch {
	case a == web.Public:
		return nil
	case who == nil:
		return fault.New(fault.SignedOut, "Please sign in to go on.")
	case who.Stale && (a != web.SignedIn || !reading):
		return fault.New(fault.Unavailable, "This does not work for a moment. Please try again.")
	case a == web.Author && !who.Can("author"):
		return fault.New(fault.Forbidden, "Only authors may do this. Ask an operator for the author role.")
	case a == web.Operator && !who.Can("operator"):
		return fault.New(fault.Forbidden, "Only operators may do this.")
	case who.Session == uuid.Nil && a != web.Author:
		return fault.New(fault.Forbidden, "An author's token is for publishing only.")
	}
	return nil
}

// answering turns a handler's error into an answer. A page that PostgreSQL
// could not give is asked once more on a new connection.
func (rt *Router) answering(handle web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := handle(w, r)
		if db.Gone(err) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			rt.db.Reset()
			err = handle(w, r)
		}
		if err != nil {
			rt.refuse(w, r, err)
		}
	})
}

// refuse answers with a fault, as a page or as JSON. This is the one place
// where errors become statuses and reach the log.
func (rt *Router) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		f = explain(f, err)
	}
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable || f.Kind == fault.Full {
		rt.log.ErrorContext(r.Context(), "request failed", "id", web.RequestID(r.Context()), "path", r.URL.Path, "err", err)
	}
	if f.Kind == fault.Unavailable || f.Kind == fault.TooMany {
		w.Header().Set("Retry-After", "2")
	}
	if f.Kind == fault.SignedOut && !web.WantsPage(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="handbook"`)
	}
	w.Header().Del("ETag")
	w.Header().Set("Cache-Control", "no-store")
	if web.WantsPage(r) {
		err = reader.Fault(w, r, f, rt.notice)
	} else {
		err = web.JSON(w, web.Status(f.Kind), answer(f, r))
	}
	if err != nil {
		rt.log.ErrorContext(r.Context(), "answer failed", "err", err)
	}
}

// explain finds words for what PostgreSQL could not do.
func explain(f *fault.Error, err error) *fault.Error {
	switch {
	case db.Gone(err):
		return fault.New(fault.Unavailable, "The handbook cannot reach its data for a moment. Nothing is lost; please try again.").Because(err)
	case db.Full(err):
		return fault.New(fault.Full, "The handbook has no room to store this. Please try again later.").Because(err)
	}
	return f
}

// refusal is the JSON of a fault.
type refusal struct {
	Error     string `json:"error"`
	Field     string `json:"field,omitempty"`
	RequestID string `json:"request_id,omitempty"` // when the fault is ours
}

func answer(f *fault.Error, r *http.Request) refusal {
	a := refusal{Error: f.Text, Field: f.Field}
	if f.Kind == fault.Internal {
		a.RequestID = web.RequestID(r.Context())
	}
	return a
}

func (rt *Router) panicked(w *recorder, r *http.Request, v any) {
	if v == http.ErrAbortHandler {
		panic(v)
	}
	err := fmt.Errorf("panic: %v", v)
	rt.log.ErrorContext(r.Context(), "panic", "id", web.RequestID(r.Context()), "err", err, "stack", stack())
	if w.status == 0 {
		rt.refuse(w, r, err)
	}
}

// notAllowed answers a method that a path does not have; httprouter has set
// Allow.
func notAllowed(w http.ResponseWriter, r *http.Request) {
	_ = web.JSON(w, http.StatusMethodNotAllowed, refusal{Error: "Method not allowed"})
}
