package pay

import (
	"encoding/json"
	"slices"
)

// event is something that happened, with the object as it was at that moment,
// and how its delivery went.
type event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Created  int64           `json:"created"`
	Cause    cause           `json:"cause"`
	Object   json.RawMessage `json:"object"`
	Before   json.RawMessage `json:"before,omitempty"`
	Delivery delivery        `json:"delivery"`
}

// delivery is the state of bringing one event to the webhook.
type delivery struct {
	Done    bool   `json:"done"`
	GivenUp bool   `json:"given_up,omitempty"` // until the next start
	Tries   int    `json:"tries"`
	Answer  string `json:"answer,omitempty"` // to the last try
	At      int64  `json:"at,omitempty"`     // of the last try
}

// page is which part of a list is wanted.
type page struct {
	limit         int
	after, before string // ids
	types         []string
}

func (b *book) event(id string) *event {
	if i := b.eventIndex(id); i >= 0 {
		return b.Events[i]
	}
	return nil
}

func (b *book) eventIndex(id string) int {
	return slices.IndexFunc(b.Events, func(e *event) bool { return e.ID == id })
}

func (b *book) undelivered() []string {
	var ids []string
	for _, e := range b.Events {
		if !e.Delivery.Done {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// list returns one page of events, newest first, and whether more follow in the
// direction of travel. Going back (before), the page is the one that touches
// the cursor, still newest first.
func (b *book) list(p page) (events []*event, more bool, err error) {
	from, to := 0, len(b.Events)
	if p.after != "" {
		if to = b.eventIndex(p.after); to < 0 {
			return nil, false, noSuch("event", p.after, "starting_after")
		}
	}
	if p.before != "" {
		i := b.eventIndex(p.before)
		if i < 0 {
			return nil, false, noSuch("event", p.before, "ending_before")
		}
		from = i + 1
	}
	for _, e := range b.Events[min(from, to):to] {
		if len(p.types) == 0 || slices.Contains(p.types, e.Type) {
			events = append(events, e)
		}
	}
	more = len(events) > p.limit
	if more && p.before != "" {
		events = events[:p.limit]
	} else if more {
		events = events[len(events)-p.limit:]
	}
	slices.Reverse(events)
	return events, more, nil
}
