package monitor

import (
	"context"
	"log/slog"

	"pilothandbook/platform/fault"
)

// Where incidents come from.
const (
	Web  = "web"
	Work = "job"
)

var sources = []string{Web, Work}

// Incident is an error that is ours: somebody should know.
type Incident struct {
	Err    error
	Kind   fault.Kind
	Source string // Web or Work
	Where  string // the route, or the kind of job
	Attrs  []slog.Attr
}

// Ours reports whether faults of a kind are the handbook's, and not the
// caller's.
func Ours(k fault.Kind) bool {
	return k == fault.Internal || k == fault.Unavailable || k == fault.Full
}

// OnError has fn called with every incident, besides its line in the log. fn
// must not wait. It is set once, before the process serves.
func (m *Monitor) OnError(fn func(context.Context, Incident)) { m.report = fn }

// Error counts an incident, writes it into the log and reports it.
func (m *Monitor) Error(ctx context.Context, i Incident) {
	m.errors.WithLabelValues(i.Source, i.Kind.String()).Inc()
	m.window.error()
	m.o.Log.LogAttrs(ctx, slog.LevelError, "Application error:",
		append([]slog.Attr{slog.String("where", i.Where), slog.String("fault", i.Kind.String()), slog.Any("err", i.Err)}, i.Attrs...)...)
	m.report(ctx, i)
}
