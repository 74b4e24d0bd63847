package chaos

import "slices"

// State is how far the money of a payment has come.
type State int

// The states of a payment.
const (
	Failed State = iota // it will not come
	Underway
	Paid
)

// Outcome is what a bank decided about a dispute.
type Outcome int

// The outcomes.
const (
	Open Outcome = iota
	Won          // by the seller
	Lost
)

// Dispute is what a payer's bank asks back.
type Dispute struct {
	Amount  int64
	Outcome Outcome
}

// Payment is what Stripe knows of one payment, whether it came when the buyer's
// account was gone for sure, and, of a gift, who was told that its code counts.
type Payment struct {
	ID, Buyer, Module string
	Amount            int64
	State             State
	Refunded          int64
	Reason            string // of a refund that the product asked for by itself
	Disputes          []Dispute
	Late              bool
	Gift              bool
	Redeemer          string // "" while nobody has redeemed it
}

// The reasons by which the product gives money back without being asked.
const (
	Duplicate = "duplicate"
	Orphaned  = "requested_by_customer"
)

// Prices are in cents; Whole is the module that opens all others.
const (
	Whole      = "bundle"
	WholePrice = 14900
)

// Parts returns the modules in Whole, with their prices.
func Parts() map[string]int64 {
	return map[string]int64{"private_commercial": 7900, "instrument": 9900}
}

func (p Payment) lost() (sum int64) {
	for _, d := range p.Disputes {
		if d.Outcome == Lost {
			sum += d.Amount
		}
	}
	return min(sum, p.Amount)
}

func (p Payment) has(o Outcome) bool {
	return slices.ContainsFunc(p.Disputes, func(d Dispute) bool { return d.Outcome == o })
}

// status is the word that a purchase of this payment has, "" if there is none.
func (p Payment) status() string {
	switch {
	case p.State == Failed:
		return ""
	case p.State == Underway:
		return "pending"
	case p.Refunded >= p.Amount || p.has(Lost):
		return "refunded"
	}
	return "completed"
}

// opens reports whether what was paid may be read.
func (p Payment) opens() bool { return p.status() == "completed" && !p.has(Open) }

// holder returns whom a payment opens something, "" while nobody.
func (p Payment) holder() string {
	if p.Gift {
		return p.Redeemer
	}
	return p.Buyer
}

// covers reports whether a payment opens what another one does. None covers a
// gift, which is for others.
func (p Payment) covers(o Payment) bool {
	return p.State == Paid && !o.Gift && p.holder() == o.Buyer && p.ID != o.ID && (p.Module == o.Module || p.Module == Whole)
}

// credited reports whether a payment for Whole was smaller because its buyer
// owned a part.
func (p Payment) credited(part string) bool {
	return p.Module == Whole && p.Amount == WholePrice-Parts()[part]
}

// Purchase is what somebody bought.
type Purchase struct {
	Buyer, Module string
	Amount        int64
	Status        string
}

// Grant lets somebody read a module because of a payment.
type Grant struct{ Buyer, Module, Payment string }

// Code is what became of a gift's code.
type Code struct{ Redeemed, Voided bool }

// Line is what the ledger says of a payment.
type Line struct{ Sale, Refund, Dispute int64 }

// Books is an end state; all but Grants is by payment.
type Books struct {
	Purchases map[string]Purchase
	Grants    map[Grant]int // how many are open
	Ledger    map[string]Line
	Codes     map[string]Code
	Told      map[string]int // how many different mails confirm it
}

// NewBooks returns empty books.
func NewBooks() Books {
	return Books{Purchases: map[string]Purchase{}, Grants: map[Grant]int{}, Ledger: map[string]Line{}, Codes: map[string]Code{}, Told: map[string]int{}}
}

// Expect returns what the product's books have to be. A deleted account
// leaves its lines in the ledger, what it has given to others, and nothing
// else. Told has the purchases that
// must be confirmed; one that was given back may have been, as the mail may
// have been sent before.
func Expect(payments []Payment, deleted map[string]bool) Books {
	b := NewBooks()
	for _, p := range payments {
		if p.State == Paid {
			b.Ledger[p.ID] = Line{Sale: p.Amount, Refund: p.Refunded, Dispute: p.lost()}
			if p.Gift && !p.Late {
				b.Codes[p.ID] = Code{Redeemed: p.Redeemer != "", Voided: !p.opens()}
			}
		}
		if holder := p.holder(); p.opens() && holder != "" && !deleted[holder] {
			b.Grants[Grant{holder, p.Module, p.ID}] = 1
		}
		if deleted[p.Buyer] || p.status() == "" {
			continue
		}
		b.Purchases[p.ID] = Purchase{Buyer: p.Buyer, Module: p.Module, Amount: p.Amount, Status: p.status()}
		if p.status() == "completed" {
			b.Told[p.ID] = 1
		}
	}
	return b
}
