package purchase

import (
	"cmp"
	"time"
)

// Kind says what a fact is about.
type Kind string

// The kinds of facts.
const (
	Submitted      Kind = "submitted"       // the buyer is done, the money is under way
	Failed         Kind = "failed"          // the money that was under way will not come
	Paid           Kind = "paid"            // or nothing was to pay
	PartlyRefunded Kind = "partly_refunded" // some of it was given back
	Refunded       Kind = "refunded"        // all of it was given back
	Disputed       Kind = "disputed"        // the payer's bank asks for it back
	DisputeWon     Kind = "dispute_won"     // and does not get it
	DisputeLost    Kind = "dispute_lost"    // and gets it
	Withdrawn      Kind = "withdrawn"       // nothing was to pay, and an operator takes it back
)

// Fact is one thing that is known about a payment, for good.
type Fact struct {
	Kind   Kind
	Source string // the Stripe object that tells it, or the operator
	Amount int64  // what was paid, is disputed, or all that was given back by then
	At     time.Time

	Discount int64 // how much less was paid
	Tax      int64 // that was paid, be it in the price or on top of it
}

// Standing is where a purchase stands. Its zero value: nothing is bought.
type Standing struct {
	Status     string    // "", pending, completed or refunded
	Failed     bool      // nothing is bought, as the money will not come
	At         time.Time // when it was paid, or submitted while it is pending
	Amount     int64     // what was paid, or is to be
	Discount   int64     // how much less that is
	Tax        int64     // how much of it is tax
	Refunded   int64     // all that was given back
	RefundedAt time.Time // when it was, zero if nothing was
	Lost       int64     // what a bank took back
	LostAt     time.Time // when it did, zero if none did
	Revoked    time.Time // since when what was bought is closed, zero while it is open
}

// open reports whether what was bought may be read.
func (s Standing) open() bool { return s.Status == "completed" && s.Revoked.IsZero() }

// State returns where a purchase stands. It is a function of the set of
// facts: order and repetition do not matter.
func State(facts []Fact) Standing {
	best := map[Kind]Fact{} // of each kind the one that counts
	var back Fact
	for _, f := range facts {
		best[f.Kind] = weightier(best[f.Kind], f)
		if f.Kind == PartlyRefunded || f.Kind == Refunded {
			back = weightier(back, f)
		}
	}
	paid, isPaid := best[Paid]
	submitted, isSubmitted := best[Submitted]
	_, failed := best[Failed]
	switch {
	case !isPaid && failed:
		return Standing{Failed: true}
	case !isPaid && isSubmitted:
		return Standing{Status: "pending", At: submitted.At, Amount: submitted.Amount, Discount: submitted.Discount, Tax: submitted.Tax}
	case !isPaid:
		return Standing{}
	}
	s := Standing{
		Status: "completed", At: paid.At, Amount: paid.Amount, Discount: paid.Discount, Tax: paid.Tax,
		Refunded: back.Amount, RefundedAt: back.At,
	}
	if _, all := best[Refunded]; all {
		s.Status, s.Revoked = "refunded", back.At
	}
	if w, taken := best[Withdrawn]; taken && paid.Amount == 0 {
		s.Status, s.Revoked = "refunded", earlier(s.Revoked, w.At)
	}
	for _, d := range disputes(facts) {
		s.weigh(d)
	}
	s.Lost = min(s.Lost, s.Amount)
	return s
}

// dispute is what is known of one dispute.
type dispute struct {
	since  time.Time // when it began, as far as it is known
	won    bool
	lost   bool
	lostAt time.Time
	amount int64 // that was lost
}

func disputes(facts []Fact) map[string]dispute {
	all := map[string]dispute{}
	for _, f := range facts {
		if f.Kind != Disputed && f.Kind != DisputeWon && f.Kind != DisputeLost {
			continue
		}
		d := all[f.Source]
		switch f.Kind {
		case DisputeWon:
			d.won = true
		case DisputeLost:
			d.lost, d.lostAt, d.amount = true, earlier(d.lostAt, f.At), max(d.amount, f.Amount)
			d.since = earlier(d.since, f.At)
		default:
			d.since = earlier(d.since, f.At)
		}
		all[f.Source] = d
	}
	return all
}

// weigh adds a dispute. One that is neither won nor lost closes what was
// bought until it is; of one that is told both ways, the loss counts.
func (s *Standing) weigh(d dispute) {
	if d.won && !d.lost {
		return
	}
	s.Revoked = earlier(s.Revoked, d.since)
	if d.lost {
		s.Status, s.Lost, s.LostAt = "refunded", s.Lost+d.amount, earlier(s.LostAt, d.lostAt)
	}
}

// earlier returns the earlier of two times; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// weightier returns the fact of the larger amount, as what is given back adds
// up; of equal ones the earlier.
func weightier(a, b Fact) Fact {
	if a.Kind == "" {
		return b
	}
	order := cmp.Or(cmp.Compare(a.Amount, b.Amount), b.At.Compare(a.At), cmp.Compare(a.Tax, b.Tax), cmp.Compare(a.Discount, b.Discount))
	if order < 0 {
		return b
	}
	return a
}

// taxOf returns how much of an amount that went back was tax: of all of it all.
func (s Standing) taxOf(back int64) int64 {
	if s.Amount == 0 {
		return 0
	}
	return (min(back, s.Amount)*s.Tax + s.Amount/2) / s.Amount
}
