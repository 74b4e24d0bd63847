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
)

// flushEvery is how late a line may be in the log, and so what a kill -9
// costs. Warnings and errors are written at once.
const flushEvery = 100 * time.Millisecond

// Logger returns the process's log, JSON lines on standard output.
func Logger(cfg *config.Config) *slog.Logger {
	return NewLogger(os.Stdout, cfg.LogLevel)
}

// NewLogger returns a log of JSON lines to w. Lines are gathered for a tenth
// of a second, as a write for each request costs as much as the request.
func NewLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // checked by config
	out := &gathering{out: bufio.NewWriterSize(w, 64<<10)}
	return slog.New(&prompt{Handler: slog.NewJSONHandler(out, &slog.HandlerOptions{Level: l}), out: out})
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
	out *gathering
}

// Handle writes a record.
func (p *prompt) Handle(ctx context.Context, r slog.Record) error {
	if id := origin.Of(ctx).Request; id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	err := p.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		p.out.flush()
	}
	return err
}

// WithAttrs keeps what With adds.
func (p *prompt) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &prompt{p.Handler.WithAttrs(attrs), p.out}
}

// WithGroup keeps what WithGroup adds.
func (p *prompt) WithGroup(name string) slog.Handler {
	return &prompt{p.Handler.WithGroup(name), p.out}
}

// FlushLog writes what a log still holds; a process calls it as the last
// thing.
func FlushLog(log *slog.Logger) {
	if p, ok := log.Handler().(*prompt); ok {
		p.out.flush()
	}
}
