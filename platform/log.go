package platform

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"pilothandbook/platform/config"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/scrub"
)

// flushEvery is how late a line may be in the log, and so what a kill -9
// costs. Warnings and errors are written at once.
const flushEvery = 100 * time.Millisecond

// Logger returns the process's log, JSON lines on standard output.
func Logger(cfg *config.Config) *slog.Logger {
	return NewLogger(os.Stdout, cfg.LogLevel, cfg.Secrets()...)
}

// NewLogger returns a log of JSON lines to w. Lines are gathered for a tenth
// of a second, as a write for each request costs as much as the request.
// Warnings and errors are scrubbed, of these secrets too.
func NewLogger(w io.Writer, level string, secrets ...string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // checked by config
	out := &gathering{out: bufio.NewWriterSize(w, 64<<10)}
	return slog.New(&prompt{Handler: slog.NewJSONHandler(out, &slog.HandlerOptions{Level: l}), out: out, scrub: scrub.New(secrets...)})
}

// gathering is a writer that writes a little later.
type gathering struct {
	mu      sync.Mutex
	out     *bufio.Writer
	pending bool // a flush is on its way
}

func (g *gathering) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.pending {
		g.pending = true
		time.AfterFunc(flushEvery, g.flush)
	}
	return g.out.Write(line)
}

func (g *gathering) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending = false
	_ = g.out.Flush() // nobody could be told
}

// prompt says in each line which request it is of, in the web and in the jobs
// that came of it, and flushes after a warning or an error.
type prompt struct {
	slog.Handler
	out   *gathering
	scrub scrub.Scrubber
}

// Handle writes a record.
func (p *prompt) Handle(ctx context.Context, r slog.Record) error {
	if id := origin.Of(ctx).Request; id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	if r.Level >= slog.LevelWarn {
		r = p.scrubbed(r)
	}
	err := p.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		p.out.flush()
	}
	return err
}

// scrubbed returns a copy of a record without secrets: errors quote what was
// sent, and addresses with passwords.
func (p *prompt) scrubbed(r slog.Record) slog.Record {
	clean := slog.NewRecord(r.Time, r.Level, p.scrub.Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		switch v := a.Value.Resolve(); v.Kind() {
		case slog.KindString:
			a.Value = slog.StringValue(p.scrub.Text(v.String()))
		case slog.KindAny:
			if err, ok := v.Any().(error); ok {
				a.Value = slog.StringValue(p.scrub.Text(err.Error()))
			}
		}
		clean.AddAttrs(a)
		return true
	})
	return clean
}

// WithAttrs keeps what With adds.
func (p *prompt) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &prompt{p.Handler.WithAttrs(attrs), p.out, p.scrub}
}

// WithGroup keeps what WithGroup adds.
func (p *prompt) WithGroup(name string) slog.Handler {
	return &prompt{p.Handler.WithGroup(name), p.out, p.scrub}
}

// FlushLog writes what a log still holds; a process calls it as the last
// thing.
func FlushLog(log *slog.Logger) {
	if p, ok := log.Handler().(*prompt); ok {
		p.out.flush()
	}
}
