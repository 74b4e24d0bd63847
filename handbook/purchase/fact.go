package purchase

import "time"

// Kind says what a fact is about.
type Kind string

// The kinds of facts.
const (
	Submitted      Kind = "submitted"       // the buyer is done, the money is under way
	Paid           Kind = "paid"            // or nothing was to pay
	PartlyRefunded Kind = "partly_refunded" // some of it was given back
	Refunded       Kind = "refunded"        // all of it was given back
)

// Fact is one thing that is known about a payment, for good.
type Fact struct {
	Kind   Kind
	Source string // the Stripe object that tells it
	Amount int64  // what was paid, or all that was given back by then
	At     time.Time
}

// Standing is where a purchase stands. Its zero value: nothing is bought.
type Standing struct {
	Status     string    // "", pending, completed or refunded
	At         time.Time // when it was paid, or submitted while it is pending
	Amount     int64     // what was paid, or is to be
	Refunded   int64     // all that was given back
	RefundedAt time.Time // when it was, zero if nothing was
}

// State returns where a purchase stands. It is a function of the set of
// facts: order and repetition do not matter.
func State(facts []Fact) Standing {
	var submitted, paid, back Fact // the one that counts of each, zero while there is none
	all := false
	for _, f := range facts {
		switch f.Kind {
		case Submitted:
			submitted = weightier(submitted, f)
		case Paid:
			paid = weightier(paid, f)
		case Refunded:
			all = true
			back = weightier(back, f)
		case PartlyRefunded:
			back = weightier(back, f)
		}
	}
	switch {
	case paid.Kind == "" && submitted.Kind == "":
		return Standing{}
	case paid.Kind == "":
		return Standing{Status: "pending", At: submitted.At, Amount: submitted.Amount}
	}
	s := Standing{Status: "completed", At: paid.At, Amount: paid.Amount, Refunded: back.Amount, RefundedAt: back.At}
	if all {
		s.Status = "refunded"
	}
	return s
}

// weightier returns the fact of the larger amount, as what is given back adds
// up; of equal ones the earlier.
func weightier(a, b Fact) Fact {
	if a.Kind == "" || b.Amount > a.Amount || b.Amount == a.Amount && b.At.Before(a.At) {
		return b
	}
	return a
}
