// Package origin tells of what is done why: a job, and its mails and jobs, name
// the request that made them necessary.
package origin

import "context"

// Origin names the request that something is done for. It is zero where there
// was none, as for what a schedule adds.
type Origin struct {
	Request string // its id
	Trace   string // its span, as W3C's traceparent; "" while nothing is traced
}

// Key is under which a context keeps a *Origin.
type Key struct{}

// With returns a context in which things are done for o.
func With(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, Key{}, &o)
}

// Of returns what something is done for.
func Of(ctx context.Context) Origin {
	if o, ok := ctx.Value(Key{}).(*Origin); ok {
		return *o
	}
	return Origin{}
}
