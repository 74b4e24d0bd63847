package analytics

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/monitor"
)

// The figures of a batch.
const (
	every    = time.Second // an event waits for others
	batch    = 1000        // so many wait for no more
	room     = 50_000      // are held while PostgreSQL takes none: some 10 MB
	patience = 5 * time.Second
)

// Result says what became of events, for metrics.
type Result string

// What becomes of events. All but Stored are dropped.
const (
	Stored    Result = "stored"
	Malformed Result = "malformed"
	Oversized Result = "oversized" // a request that is too large counts as one
	Future    Result = "future"
	Old       Result = "old"
	Refused   Result = "refused" // the browser asks that its reader is not followed
	Full      Result = "full"    // there was no room for it
	Failed    Result = "failed"  // PostgreSQL will never take it
)

func results() []Result {
	return []Result{Stored, Malformed, Oversized, Future, Old, Refused, Full, Failed}
}

// Recorder gathers events and writes them together, a second after the first
// of them at the latest, or once they are a thousand. It may be used by any
// number of goroutines.
type Recorder struct {
	db      *db.Pool
	monitor *monitor.Monitor
	log     *slog.Logger
	timer   *time.Timer
	writing sync.Mutex // one batch at a time, and one connection

	mu      sync.Mutex
	held    []Event // the first of them may be being written
	stopped bool
}

// NewRecorder returns the recorder of a process, which writes what it holds
// before the process ends, and on Lambda before each answer.
func NewRecorder(p *platform.Platform) *Recorder {
	r := &Recorder{db: p.DB, monitor: p.Monitor, log: p.Log}
	r.timer = time.AfterFunc(time.Hour, func() { _ = r.Flush() })
	r.timer.Stop()
	for _, result := range results() {
		r.Count(result, 0) // so that an alert sees the first one
	}
	p.OnFlush(func() { _ = r.Flush() }) // which has logged why not
	p.OnClose(r.stop)
	return r
}

// Count tells metrics what became of n events that were not added.
func (r *Recorder) Count(result Result, n int) { r.monitor.Analytics(string(result), n) }

// Add takes events, the first of them if there is not room for all, and returns
// how many.
func (r *Recorder) Add(events []Event) (taken int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := len(r.held)
	if !r.stopped {
		taken = min(len(events), room-before)
	}
	r.held = append(r.held, events[:taken]...)
	r.Count(Full, len(events)-taken)
	switch after := len(r.held); {
	case before < batch && after >= batch:
		r.timer.Reset(0)
	case before == 0 && after > 0:
		r.timer.Reset(every)
	}
	return taken
}

// Flush writes all that is held, after what is being written; what comes
// meanwhile waits for others. What PostgreSQL does not take for the moment stays,
// and is its error.
func (r *Recorder) Flush() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	err := r.write(len(r.first(room)))
	r.wait(err)
	return err
}

// write writes the first n events.
func (r *Recorder) write(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for size := batch; n > 0; {
		events := r.first(min(n, size))
		err := store(ctx, r.db, events)
		switch {
		case err == nil:
			r.done(Stored, len(events))
			n -= len(events)
			size = min(2*size, batch)
		case hopeless(err) && len(events) > 1: // one of them is, and is found by halving
			size = len(events) / 2
		case hopeless(err):
			r.log.Error("an analytics event is dropped", "kind", events[0].Kind, "module", events[0].Module, "err", err)
			r.done(Failed, 1)
			n--
		default:
			r.log.Warn("analytics events wait to be written", "events", len(r.first(room)), "err", err)
			return err
		}
	}
	return nil
}

// wait has what is held written when it is time, and later where PostgreSQL did
// not take it.
func (r *Recorder) wait(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch held := len(r.held); {
	case held == 0 || r.stopped:
	case held >= batch && err == nil:
		r.timer.Reset(0)
	default:
		r.timer.Reset(every)
	}
}

// first returns the events that have waited longest, n at most, until done.
func (r *Recorder) first(n int) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[:min(n, len(r.held))]
}

// done lets go of the first n events.
func (r *Recorder) done(result Result, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = slices.Delete(r.held, 0, n) // in place, so that no new room is made for what comes
	r.Count(result, n)
}

// hopeless reports whether PostgreSQL finds fault with the events themselves.
// All else may pass: it is away or full, a month has no partition yet.
func hopeless(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "22") // data exceptions
}

// stop ends all tries, after the one under way. What is still held is lost.
func (r *Recorder) stop() {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.timer.Stop()
	r.Count(Full, len(r.held))
	if len(r.held) > 0 {
		r.log.Error("analytics events are lost with the process", "events", len(r.held))
	}
	r.held = nil
}
