package pay

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"math"
	"slices"
	"time"
)

const (
	answersKept = 24 * 60 * 60      // for how many seconds Stripe remembers an Idempotency-Key
	eventsKept  = 30 * 24 * 60 * 60 // for how many it lists events
)

// book is all that the stand-in remembers, with the rules that change it. It is
// used by one caller at a time. Every rule checks first and changes after, so
// that a refusal leaves no trace.
type book struct {
	Sessions   shelf[*session]    `json:"sessions"`
	Payments   shelf[*payment]    `json:"payments"`
	Disputes   shelf[*dispute]    `json:"disputes"`
	Customers  shelf[*customer]   `json:"customers"`
	Coupons    shelf[*coupon]     `json:"coupons"`
	Promotions shelf[*promotion]  `json:"promotions"`
	Invoices   shelf[*invoice]    `json:"invoices"`
	Events     shelf[*event]      `json:"events"`
	Answers    map[string]*answer `json:"answers"` // by Idempotency-Key

	// The same seen otherwise: made again when the file is read.
	charges shelf[charge]
	refunds shelf[*refund]
	due     int64 // no session, event or answer has its time up before this second

	failing map[string]bool // targets whose next call fails, and whether it is done all the same

	address func(path string) string // of a page
	taxRate int64                    // of sessions to come, in hundredths of a percent

	// Of the call under way.
	now   time.Time
	cause cause

	fresh   []string // events not yet handed to delivery
	changed bool     // something is not in the file yet
}

// cause is the API call that led to an event; empty for the buyer's pages.
type cause struct {
	Request string `json:"request,omitempty"`
	Key     string `json:"key,omitempty"`
}

func newBook() *book { return &book{Answers: map[string]*answer{}, failing: map[string]bool{}} }

// index makes what is not in the file.
func (b *book) index() {
	for _, s := range b.Sessions.all {
		if p, ok := b.Payments.get(s.Payment); ok {
			p.Session = s.ID
		}
	}
	var refunds []*refund
	for _, p := range b.Payments.all {
		b.charges.add(charge{p})
		for _, r := range p.Refunds {
			r.of = p
			refunds = append(refunds, r)
		}
	}
	slices.SortStableFunc(refunds, func(x, y *refund) int { return cmp.Compare(x.Created, y.Created) })
	for _, r := range refunds {
		b.refunds.add(r)
	}
}

// begin sets the scene for one call.
func (b *book) begin(now time.Time) {
	b.now, b.cause = now, cause{}
	if now.Unix() >= b.due {
		b.sweep()
	}
}

// falls notes that something has its time up at a second.
func (b *book) falls(due int64) { b.due = min(b.due, due) }

// sweep expires sessions whose time is up and forgets what Stripe would have
// forgotten. It visits everything, so it comes only when something is due.
func (b *book) sweep() {
	now := b.now.Unix()
	b.due = math.MaxInt64
	for _, s := range b.Sessions.all {
		switch {
		case s.Status != statusOpen:
		case s.ExpiresAt <= now:
			b.end(s)
		default:
			b.falls(s.ExpiresAt)
		}
	}
	for key, a := range b.Answers {
		if a.Created <= now-answersKept {
			delete(b.Answers, key)
			b.changed = true
		} else {
			b.falls(a.Created + answersKept)
		}
	}
	if b.Events.forget(now - eventsKept) {
		b.changed = true
	}
	if len(b.Events.all) > 0 {
		b.falls(b.Events.all[0].Created + eventsKept)
	}
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
	b.Events.add(e)
	b.falls(e.Created + eventsKept)
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
