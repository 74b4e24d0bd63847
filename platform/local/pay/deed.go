package pay

import "slices"

// Deed is something that a buyer, a bank or the seller's clerk does with one
// session. The pages have a button for each.
type Deed string

// What can be done with a session.
const (
	Pay      Deed = "pay"       // the buyer pays by card
	PayLater Deed = "pay-later" // the buyer chooses a method whose money comes later
	Arrive   Deed = "arrived"   // that money arrives
	Fail     Deed = "failed"    // that money does not
	Refund   Deed = "refund"    // the seller gives back what is left
	Dispute  Deed = "dispute"   // the buyer complains to the bank
	Win      Deed = "win"       // the bank decides for the seller
	Lose     Deed = "lose"      // the bank decides for the buyer
)

// Do does a deed with a session, as the button on the pages would.
func (s *Stripe) Do(session string, d Deed) error {
	return s.do(func(b *book) error {
		found, err := b.Sessions.find(session, "")
		if err != nil {
			return err
		}
		return b.perform(found, d, detail{})
	})
}

func deeds() []Deed { return []Deed{Pay, PayLater, Arrive, Fail, Refund, Dispute, Win, Lose} }

// byBuyer tells if a deed is done on the checkout page.
func (d Deed) byBuyer() bool { return slices.Contains([]Deed{Pay, PayLater}, d) }

// detail is what a form may say beside the deed.
type detail struct{ email, reason string }

func (b *book) perform(s *session, d Deed, with detail) error {
	switch d {
	case Pay, PayLater:
		return b.pay(s, with.email, d == PayLater)
	case Arrive, Fail:
		return b.arrive(s, d == Arrive)
	}
	p, err := b.Payments.find(s.Payment, "")
	if err != nil {
		return err
	}
	switch d {
	case Refund:
		return b.refund(p, &refund{Metadata: map[string]string{}})
	case Dispute:
		return b.complain(p, with.reason)
	}
	dispute, err := b.Disputes.find(p.Dispute, "")
	if err != nil {
		return err
	}
	if d == Win {
		return b.decide(dispute, disputeWon)
	}
	return b.decide(dispute, disputeLost)
}
