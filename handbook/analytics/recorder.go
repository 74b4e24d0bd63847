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
	held    []Event
	out     int // being written
	stopped bool
}

// NewRecorder returns the recorder of a process, which writes what it holds
// before the process ends, and on Lambda before each answer.
func NewRecorder(p *platform.Platform) *Recorder {
	r := &Recorder{db: p.DB, monitor: p.Monitor, log: p.Log}
	r.timer = time.AfterFunc(time.Hour, r.tick)
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
	taken = min(len(events), room-r.out-before)
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

// Flush writes all that is held, after what is being written. What PostgreSQL
// does not take for the moment stays.
func (r *Recorder) Flush() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	events := r.begin()
	if len(events) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := store(ctx, r.db, events)
	r.end(events, err)
	return err
}

// tick writes when it is time, and tries again later if need be.
func (r *Recorder) tick() {
	err := r.Flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && !r.stopped {
		r.timer.Reset(every)
	}
}

func (r *Recorder) begin() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.held
	r.held, r.out = nil, len(events)
	return events
}

func (r *Recorder) end(events []Event, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out = 0
	switch {
	case err == nil:
		r.Count(Stored, len(events))
	case hopeless(err):
		r.Count(Failed, len(events))
		r.log.Error("analytics events are dropped", "events", len(events), "err", err)
	default:
		r.held = slices.Concat(events, r.held)
		r.log.Warn("analytics events wait to be written", "events", len(r.held), "err", err)
	}
}

// hopeless reports whether PostgreSQL finds fault with the events themselves.
// All else may pass: it is away or full, a month has no partition yet.
func hopeless(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "22") // data exceptions
}

// stop ends all tries. What is still held is lost.
func (r *Recorder) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.timer.Stop()
	r.Count(Full, len(r.held))
	if len(r.held) > 0 {
		r.log.Error("analytics events are lost with the process", "events", len(r.held))
	}
}
