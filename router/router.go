// Package router mounts functions: a list of routes becomes one handler, with
// the middleware that all share. It imports no function, so that a program
// which mounts one links only that one. The same handler serves the
// long-running host, a Lambda function and a test.
package router

import (
	"cmp"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/julienschmidt/httprouter"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/limit"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/tracing"
	"pilothandbook/platform/web"
)

// Router is the handler of a list of routes.
type Router struct {
	mux    *httprouter.Router
	gate   access.Gate
	limit  *limit.Limiter
	db     *db.Pool
	log    *slog.Logger
	watch  *monitor.Monitor
	tracer *tracing.Tracer
	notice string
	secure bool
	cross  *http.CrossOriginProtection
}

// New mounts routes. It panics when two of them clash, as httprouter does.
func New(p *platform.Platform, routes ...web.Route) *Router {
	rt := &Router{
		mux: httprouter.New(), gate: access.NewGate(p), limit: p.Limit, db: p.DB, log: p.Log, watch: p.Monitor, tracer: p.Tracer, notice: p.Notice, secure: p.Config.Secure(),
		cross: http.NewCrossOriginProtection(),
	}
	rt.mux.RedirectFixedPath = false
	rt.mux.HandleOPTIONS = false
	rt.mux.NotFound = rt.missing(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.NotFound, "There is no page at this address.")
	})
	rt.mux.MethodNotAllowed = rt.missing(notAllowed)
	for _, r := range routes {
		rt.mux.Handle(r.Method, r.Path, rt.mounted(r))
		if r.Method == http.MethodGet {
			rt.mux.Handle(http.MethodHead, r.Path, rt.mounted(r))
		}
	}
	return rt
}

// ServeHTTP gives the request an id, logs and counts it, and never lets a panic
// out.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &recorder{ResponseWriter: w, began: time.Now(), scope: web.Scope{Context: r.Context(), Origin: origin.Origin{Request: newID()}}}
	if rt.tracer != nil {
		out.scope.Context, out.span = rt.tracer.Request(r.Context())
		out.scope.Origin.Trace = tracing.Parent(out.scope.Context)
	}
	r = r.WithContext(&out.scope)
	rt.headers(w.Header())
	defer rt.end(out, r)
	rt.mux.ServeHTTP(out, r)
}

// newID returns a request's id. It is no secret.
func newID() string { return strconv.FormatUint(rand.Uint64(), 36) }

// end logs and counts the request, and answers for a handler that panicked. The
// log knows the request's id from its context.
func (rt *Router) end(out *recorder, r *http.Request) {
	if v := recover(); v != nil {
		rt.panicked(out, r, v)
	}
	status, took := cmp.Or(out.status, http.StatusOK), time.Since(out.began)
	rt.watch.Request(r.Method, out.scope.Route, status, took)
	out.trace(r.Method, status)
	rt.line(r, out, status, took)
}

// line writes the request into the log. It makes the record itself, as a
// logger would look for the line of the program and ask the clock again.
func (rt *Router) line(r *http.Request, out *recorder, status int, took time.Duration) {
	log := rt.log.Handler()
	if !log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	record := slog.NewRecord(out.began.Add(took), slog.LevelInfo, "request", 0)
	record.AddAttrs(slog.String("method", r.Method), slog.String("path", out.path(r)),
		slog.Int("status", status), slog.Int64("bytes", out.bytes), slog.Int64("us", took.Microseconds()))
	_ = log.Handle(r.Context(), record) // nobody could be told
}

// Policy is what pages may load: nothing but this site's own. Forms may also
// lead to Stripe's checkout, as the redirect after one counts as its target.
const Policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://checkout.stripe.com"

// The headers of every answer, as net/http keeps them: shared, as they are
// only read. They are few on purpose: with its own ones a lesson has eight, the
// most that a map holds before it grows, and each answer's map is made and
// copied. (The referrer policy is in the layout, the request's id in refusals.)
var (
	policyHeader  = []string{Policy}
	nosniffHeader = []string{"nosniff"}
	cacheHeader   = []string{"no-store"} // where a handler says nothing else
	httpsHeader   = []string{"max-age=31536000; includeSubDomains"}
)

func (rt *Router) headers(h http.Header) {
	h["Content-Security-Policy"] = policyHeader
	h["X-Content-Type-Options"] = nosniffHeader
	h["Cache-Control"] = cacheHeader
	if rt.secure {
		h["Strict-Transport-Security"] = httpsHeader
	}
}

// mounted wraps a route's handler in what its Access asks for.
func (rt *Router) mounted(route web.Route) httprouter.Handle {
	if route.Limit != (web.Limit{}) {
		route.Handle = rt.limited(route.Limit, route.Handle)
	}
	guarded := rt.guard(route)
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		scope := web.ScopeOf(r.Context())
		scope.Route = route.Path
		if !printable(params) {
			rt.refuse(w, r, fault.New(fault.NotFound, "There is no page at this address."))
			return
		}
		scope.Params = params
		rt.answer(w, r, guarded)
	}
}

// printable reports whether parameters of a path are text that PostgreSQL can
// compare: nothing here is named otherwise.
func printable(params httprouter.Params) bool {
	for _, p := range params {
		if !utf8.ValidString(p.Value) || strings.ContainsRune(p.Value, 0) {
			return false
		}
	}
	return true
}

// guard checks who may go on. Whoever opens a page of their own signed out signs
// in first, and then comes back to it.
func (rt *Router) guard(route web.Route) web.Handler {
	if route.Access == web.Signed {
		return route.Handle // not a browser's: no session, no cross-origin check
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := rt.fromHere(r); err != nil {
			return err
		}
		who, err := rt.identify(route, r)
		if err != nil {
			return err
		}
		if who == nil && route.Access != web.Public && reads(r.Method) && web.WantsPage(r) {
			return web.SeeOther(w, r, "/signin?next="+url.QueryEscape(web.LocalPath(r.URL.RequestURI())))
		}
		if who != nil {
			web.ScopeOf(r.Context()).Reader = who // also of a refusal
		}
		if err := admit(route.Access, who, r.Method); err != nil {
			return err
		}
		return route.Handle(w, r)
	}
}

// fromHere refuses what another site has a browser send. A request with a
// session that does not say where it comes from is refused too: browsers say it
// of all that changes something, and other programs come with a token.
func (rt *Router) fromHere(r *http.Request) error {
	if err := rt.cross.Check(r); err != nil {
		return fault.New(fault.Forbidden, "This request came from another site, so nothing was done. Open the handbook itself, and do it there.").Because(err)
	}
	if reads(r.Method) || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || web.CookieValue(r, rt.secure, account.SessionCookie) == "" {
		return nil
	}
	return fault.New(fault.Forbidden, "This request does not say which page it came from, so nothing was done. Use a newer browser or, in a program, a token.")
}

// identify finds the reader. A public page is still served while nobody can
// be identified.
func (rt *Router) identify(route web.Route, r *http.Request) (*access.Reader, error) {
	find := rt.gate.Identify
	if route.Glance {
		find = rt.gate.Glance
	}
	who, err := find(r)
	if err != nil && route.Access == web.Public && db.Gone(err) {
		return nil, nil
	}
	return who, err
}

// admit refuses who may not call a route.
func admit(a web.Access, who *access.Reader, method string) error {
	switch {
	case a == web.Public:
		return nil
	case who == nil:
		return fault.New(fault.SignedOut, "Please sign in to go on.")
	case who.Stale && (a != web.SignedIn || !reads(method)):
		return fault.New(fault.Unavailable, "This does not work for a moment. Please try again.")
	case a == web.Staff && !who.Staff() && who.Session != uuid.Nil: // a token's holder knows that there is something
		return fault.New(fault.NotFound, "There is nothing here for readers. If you write or run the handbook, ask an operator for your role.")
	case a == web.Author && !who.Can("author"), a == web.Staff && !who.Staff():
		return fault.New(fault.Forbidden, "Only authors may do this. Ask an operator for the author role.")
	case a == web.Operator && !who.Can("operator"):
		return fault.New(fault.Forbidden, "Only operators may do this. If you are one, sign in with the address that has the role.")
	case who.Session == uuid.Nil && a != web.Author && a != web.Staff:
		return fault.New(fault.Forbidden, "An author's token is for publishing only. Sign in with a browser for all else.")
	}
	return nil
}

// reads reports whether a request of a method changes nothing.
func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// answer turns a handler's error into an answer. A page that PostgreSQL could
// not give is asked once more on a new connection.
func (rt *Router) answer(w http.ResponseWriter, r *http.Request, handle web.Handler) {
	err := handle(w, r)
	if db.Broken(err) && reads(r.Method) {
		rt.db.Reset()
		err = handle(w, r)
	}
	if err != nil {
		rt.refuse(w, r, err)
	}
}

// missing answers where no route is, as to whoever is signed in.
func (rt *Router) missing(handle web.Handler) http.Handler {
	guarded := rt.guard(web.Route{Access: web.Public, Handle: handle})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rt.answer(w, r, guarded) })
}

// refuse answers with a fault, as a page or as JSON. This is the one place
// where errors become statuses and reach the log.
func (rt *Router) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		f = explain(f, err)
	}
	if monitor.Ours(f.Kind) && r.Context().Err() == nil { // who has left sees no error
		rt.failed(r, f.Kind, err)
	}
	if (f.Kind == fault.Unavailable || f.Kind == fault.TooMany) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "2")
	}
	if f.Kind == fault.SignedOut && !web.WantsPage(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="handbook"`)
	}
	w.Header().Set("X-Request-Id", web.RequestID(r.Context()))
	w.Header().Del("ETag")
	w.Header().Set("Cache-Control", "no-store")
	if web.WantsPage(r) && web.FaultPage != nil {
		err = web.FaultPage(w, r, f, rt.notice)
	} else {
		err = web.JSON(w, web.Status(f.Kind), refused(f, r))
	}
	if err != nil {
		rt.log.ErrorContext(r.Context(), "answer failed", "err", err)
	}
}

// failed tells of an error that is ours.
func (rt *Router) failed(r *http.Request, kind fault.Kind, err error) {
	rt.watch.Error(r.Context(), monitor.Incident{
		Err: err, Kind: kind, Source: monitor.Web, Where: r.Method + " " + cmp.Or(web.ScopeOf(r.Context()).Route, "none"),
		Attrs: []slog.Attr{slog.String("path", r.URL.Path)},
	})
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

func refused(f *fault.Error, r *http.Request) refusal {
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
	err := fault.Caught(v)
	if w.status == 0 {
		rt.refuse(w, r, err)
		return
	}
	rt.failed(r, fault.Internal, fmt.Errorf("after the answer began: %w", err))
}

// notAllowed answers a method that a path does not have; httprouter has set
// Allow. Who opens in the browser what only a form leads to gets a page.
func notAllowed(w http.ResponseWriter, r *http.Request) error {
	if reads(r.Method) && web.WantsPage(r) {
		return fault.New(fault.NotFound, "There is no page at this address: only a form leads here. Please go back to the page that has it.")
	}
	return web.JSON(w, http.StatusMethodNotAllowed, refusal{Error: "Method not allowed"})
}
