package pay

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"
)

const (
	answersKept = 24 * time.Hour      // how long Stripe remembers an Idempotency-Key
	eventsKept  = 30 * 24 * time.Hour // how far back Stripe lists events
)

// book is all that the stand-in remembers, with the rules that change it. It is
// used by one caller at a time. Every rule checks first and changes after, so
// that a refusal leaves no trace.
type book struct {
	Sessions map[string]*session `json:"sessions"`
	Payments map[string]*payment `json:"payments"` // by id of the payment intent
	Events   []*event            `json:"events"`   // oldest first
	Answers  map[string]*answer  `json:"answers"`  // by Idempotency-Key
	Count    int64               `json:"count"`    // numbers sessions in the order they came

	address func(session string) string // of its page

	// Of the call under way.
	now   time.Time
	cause cause

	fresh   []string // events not yet handed to delivery
	changed bool     // something is not in the file yet
	swept   int64    // second of the last sweep
}

// cause is the API call that led to an event; empty for the buyer's pages.
type cause struct {
	Request string `json:"request,omitempty"`
	Key     string `json:"key,omitempty"`
}

func newBook() *book {
	return &book{
		Sessions: map[string]*session{},
		Payments: map[string]*payment{},
		Answers:  map[string]*answer{},
	}
}

// begin sets the scene for one call.
func (b *book) begin(now time.Time) {
	b.now, b.cause = now, cause{}
	// Nothing falls due twice within a second, and the sweep visits everything.
	if b.swept != now.Unix() {
		b.swept = now.Unix()
		b.sweep()
	}
}

// sweep expires sessions whose time is up and forgets what Stripe would have
// forgotten.
func (b *book) sweep() {
	for _, s := range b.sessions() {
		if s.Status == statusOpen && s.ExpiresAt <= b.now.Unix() {
			b.end(s)
		}
	}
	for key, a := range b.Answers {
		if a.Created <= b.now.Add(-answersKept).Unix() {
			delete(b.Answers, key)
			b.changed = true
		}
	}
	oldest := b.now.Add(-eventsKept).Unix()
	before := len(b.Events)
	b.Events = slices.DeleteFunc(b.Events, func(e *event) bool { return e.Created <= oldest })
	b.changed = b.changed || len(b.Events) != before
}

// sessions returns all, newest first.
func (b *book) sessions() []*session {
	all := make([]*session, 0, len(b.Sessions))
	for _, s := range b.Sessions {
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y *session) int { return cmp.Compare(y.Number, x.Number) })
	return all
}

func (b *book) session(id, param string) (*session, error) {
	s, ok := b.Sessions[id]
	if !ok {
		return nil, noSuch("checkout.session", id, param)
	}
	return s, nil
}

func (b *book) payment(id, param string) (*payment, error) {
	p, ok := b.Payments[id]
	if !ok {
		return nil, noSuch("payment_intent", id, param)
	}
	return p, nil
}

// emit records that something happened to subject, as it is now. before holds
// the earlier values of what changed, nil if the object is news as a whole.
func (b *book) emit(kind string, subject, before object) {
	e := &event{
		ID: newID("evt_1", 23), Type: kind, Created: b.now.Unix(), Cause: b.cause,
		Object: mustJSON(subject),
	}
	if before != nil {
		e.Before = mustJSON(before)
	}
	b.Events = append(b.Events, e)
	b.fresh = append(b.fresh, e.ID)
	b.changed = true
}

func (b *book) takeFresh() []string {
	fresh := b.fresh
	b.fresh = nil
	return fresh
}

// newID returns prefix and n random letters and digits, like Stripe's.
func newID(prefix string, n int) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	random := make([]byte, n)
	rand.Read(random) // never fails
	for i, r := range random {
		random[i] = letters[int(r)%len(letters)]
	}
	return prefix + string(random)
}

// mustJSON encodes what is made of strings, numbers and maps of them, which
// cannot fail.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
