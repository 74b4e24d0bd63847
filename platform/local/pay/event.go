package pay

import (
	"encoding/json"
	"slices"
	"strings"
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

func (*event) kind() string  { return "event" }
func (e *event) key() string { return e.ID }
func (e *event) born() int64 { return e.Created }

func (b *book) undelivered() []string {
	var ids []string
	for _, e := range b.Events.all {
		if !e.Delivery.Done {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func narrowEvents(f *form) func(*book, *event) bool {
	types := f.words("types")
	if f.has("type") && len(types) > 0 {
		f.refuse(invalid("", "", "You may only specify one of these parameters: type, types."))
	}
	kind := f.text("type")
	if len(types) > typesMax {
		f.refuse(invalid("", "types", "You may specify at most %d types.", typesMax))
	}
	delivered := f.choice("delivery_success", "true", "false")
	return func(_ *book, e *event) bool {
		if delivered != "" && (delivered == "true") != e.Delivery.Done {
			return false
		}
		return (kind == "" || e.is(kind)) && (len(types) == 0 || slices.Contains(types, e.Type))
	}
}

const typesMax = 20

// is tells if an event is of a type, or of a group of them such as charge.*.
func (e *event) is(kind string) bool {
	if group, ok := strings.CutSuffix(kind, "*"); ok {
		return strings.HasPrefix(e.Type, group)
	}
	return e.Type == kind
}
