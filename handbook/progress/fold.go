package progress

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Kinds of events that count. Others are kept for what may read them later.
const (
	Open   = "open"   // the lesson was opened
	Read   = "read"   // it was read for ActiveMS, until At
	Finish = "finish" // the reader is done with it
)

const (
	ahead   = 5 * time.Minute // how far a device's clock may be ahead
	longest = 5 * time.Minute // of one interval
)

// Event is one thing that a reader did.
type Event struct {
	ID       uuid.UUID // made by the device
	Lesson   string
	Kind     string
	At       time.Time
	ActiveMS int
}

// Clamped returns the event with its time between the creation of the account
// and a little after it was received, to the millisecond.
func (e Event) Clamped(created, received time.Time) Event {
	if latest := received.Add(ahead); e.At.After(latest) {
		e.At = latest
	}
	if e.At.Before(created) {
		e.At = created
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	return e
}

// Interval is a stretch of reading; To is not part of it.
type Interval struct{ From, To time.Time }

// State is what is known of one reader and one lesson.
type State struct {
	Completed   bool
	CompletedAt time.Time // zero until completed
	LastAccess  time.Time // zero until opened
	Active      []Interval
}

// Minutes returns how long the lesson was read, rounded down.
func (s State) Minutes() int {
	var total time.Duration
	for _, i := range s.Active {
		total += i.To.Sub(i.From)
	}
	return int(total / time.Minute)
}

// Fold returns s with what follows from clamped events, in any order and
// however often they are given. Unknown kinds change nothing.
func Fold(s State, events ...Event) State {
	active := slices.Clone(s.Active)
	for _, e := range events {
		switch e.Kind {
		case Open:
		case Read:
			active = append(active, stretch(e)...)
		case Finish:
			if !s.Completed || e.At.Before(s.CompletedAt) {
				s.Completed, s.CompletedAt = true, e.At
			}
		default:
			continue
		}
		if e.At.After(s.LastAccess) {
			s.LastAccess = e.At
		}
	}
	s.Active = union(active)
	return s
}

// stretch returns the interval that e tells of, if it has any length.
func stretch(e Event) []Interval {
	length := min(time.Duration(e.ActiveMS)*time.Millisecond, longest)
	if length <= 0 {
		return nil
	}
	return []Interval{{e.At.Add(-length), e.At}}
}

// union sorts intervals, and joins those that overlap or touch, in place.
func union(all []Interval) []Interval {
	slices.SortFunc(all, func(a, b Interval) int {
		return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To))
	})
	joined := all[:0]
	for _, i := range all {
		if n := len(joined); n > 0 && !i.From.After(joined[n-1].To) {
			if i.To.After(joined[n-1].To) {
				joined[n-1].To = i.To
			}
			continue
		}
		joined = append(joined, i)
	}
	return joined
}

// Percent returns how much of total is done, from 0 to 100, rounded down, so
// that 100 means all of it. Nothing of nothing is 0.
func Percent(done, total int) int {
	if total <= 0 {
		return 0
	}
	return min(max(done*100/total, 0), 100)
}
