// Package web is what handlers speak HTTP with: routes, input, answers.
package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/julienschmidt/httprouter"

	"pilothandbook/platform/origin"
)

// Access says who may call a route. Its zero value is the safe one.
type Access int

// Who may call a route.
const (
	SignedIn Access = iota // anyone with a session
	Public                 // anyone
	Author                 // whoever may publish, by session or token
	Operator               // whoever runs the handbook
	Staff                  // authors, by session or token, and operators; for others there is nothing
	Signed                 // a machine that signs its requests; the handler verifies
)

// String returns the word for docs.
func (a Access) String() string {
	return [...]string{"signed in", "public", "author", "operator", "staff", "signed"}[a]
}

// Handler answers a request, or returns an error that the host turns into an
// answer. A handler that returns an error has written nothing.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one method of one path. A path begins with a fixed word, and a
// segment has one parameter name everywhere.
type Route struct {
	Method string
	Path   string
	Access Access
	Handle Handler
	Needs  []string // configuration that the process must have, by name
	Limit  Limit    // how often it may be called; zero is as often as one likes
	Glance bool     // who asks may be what was known within a minute: for what decides nothing and comes often
}

// Limit bounds how often a route is called. A rate of zero bounds nothing.
type Limit struct {
	Name    string // routes of one name are counted together
	Reader  Rate   // by one account
	Address Rate   // from one IPv4 address or IPv6 network
	Total   Rate   // by all
	Alone   bool   // each process counts for itself: for what decides nothing and comes often
}

// Rate is N times in Per, all at once if need be.
type Rate struct {
	N   int
	Per time.Duration
}

// Needs returns the configuration that routes need, by name.
func Needs(routes []Route) []string {
	var names []string
	for _, r := range routes {
		names = append(names, r.Needs...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Scope is what the host knows of a request. It is the request's context, so
// that a request is copied once, whatever is found out about it.
type Scope struct {
	context.Context
	Origin origin.Origin // the request itself
	Route  string        // the pattern of its path; "" where none fits
	Params httprouter.Params
	Reader any // who sends it, as package access knows them; nil when signed out
}

type scopeKey struct{}

// Value makes the scope be found in contexts below it.
func (s *Scope) Value(key any) any {
	switch key {
	case scopeKey{}:
		return s
	case origin.Key{}:
		return &s.Origin
	}
	return s.Context.Value(key)
}

// ScopeOf returns the scope of a request's context, an empty one outside of
// requests.
func ScopeOf(ctx context.Context) *Scope {
	if s, ok := ctx.Value(scopeKey{}).(*Scope); ok {
		return s
	}
	return &Scope{Context: ctx}
}

// Param returns a parameter of the route's path.
func Param(r *http.Request, name string) string {
	return ScopeOf(r.Context()).Params.ByName(name)
}

// RequestID returns the id of the request of ctx, "" outside of one.
func RequestID(ctx context.Context) string { return origin.Of(ctx).Request }
