package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Bounds of what is kept of one event.
const (
	maxBody   = 4 << 10
	maxLesson = 200
	maxKind   = 50
)

// maxIntervals bounds at how many separate times a lesson may have been read,
// as its row holds them all. Reading on joins the interval before, so that
// nobody comes near it who reads. Events beyond are refused instead of being
// counted less exactly, so that what is stored still decides alone.
const maxIntervals = 5_000

// wire is what is read of an event as a device tells it; all else is kept
// without being looked at.
type wire struct {
	ID       string  `json:"id"`
	Lesson   string  `json:"lesson"`
	Kind     string  `json:"kind"`
	At       string  `json:"at"`
	ActiveMS float64 `json:"active_ms"`
}

// parse reads an event. Its errors are for whoever writes a client. The id is
// returned as it was told, also of an event that is refused.
func parse(raw json.RawMessage) (e Event, id string, err error) {
	var w wire
	if len(raw) > maxBody {
		return e, "", errors.New("an event has 4096 bytes at most")
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return e, w.ID, errors.New("this is not an event: an object with id, lesson, kind and at as texts, and active_ms as a number")
	}
	if err := w.check(raw); err != nil {
		return e, w.ID, err
	}
	e = Event{Lesson: w.Lesson, Kind: w.Kind, ActiveMS: int(min(w.ActiveMS, math.MaxInt32))}
	if e.ID, err = uuid.Parse(w.ID); err != nil || len(w.ID) != 36 {
		return e, w.ID, errors.New("id must be a UUID")
	}
	if e.At, err = time.Parse(time.RFC3339, w.At); err != nil {
		return e, w.ID, errors.New("at must be a time such as 2026-01-31T12:00:00.000Z")
	}
	return e, w.ID, nil
}

func (w wire) check(raw json.RawMessage) error {
	known := w.Kind == Open || w.Kind == Read || w.Kind == Finish
	switch {
	case !utf8.Valid(raw):
		return errors.New("an event must be UTF-8")
	case holdsNUL(raw):
		return errors.New("this event holds what cannot be stored")
	case w.Kind == "" || len(w.Kind) > maxKind:
		return errors.New("kind must have 1 to 50 bytes")
	case known && w.Lesson == "" || len(w.Lesson) > maxLesson:
		return errors.New("lesson must have 1 to 200 bytes")
	case w.ActiveMS < 0:
		return errors.New("active_ms must not be negative")
	}
	return nil
}

// holdsNUL reports whether JSON has an escaped NUL, which PostgreSQL's jsonb
// cannot hold. A backslash before it may itself be escaped.
func holdsNUL(raw []byte) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(raw[i:], []byte(`\u0000`)) {
			return true
		}
		i++ // what is escaped begins no escape
	}
	return false
}
