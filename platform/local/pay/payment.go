package pay

import "maps"

// payment is a payment intent that succeeded, together with its only charge.
type payment struct {
	ID          string            `json:"id"`
	Charge      string            `json:"charge"`
	Created     int64             `json:"created"`
	Amount      int64             `json:"amount"`
	Currency    string            `json:"currency"`
	Email       string            `json:"email,omitempty"`
	Description string            `json:"description,omitempty"`
	Metadata    map[string]string `json:"metadata"`
	Refunds     []*refund         `json:"refunds,omitempty"` // oldest first
}

// refund is money given back. Here it always succeeds at once.
type refund struct {
	ID       string            `json:"id"`
	Created  int64             `json:"created"`
	Amount   int64             `json:"amount"`
	Reason   string            `json:"reason,omitempty"`
	Metadata map[string]string `json:"metadata"`
}

func (p *payment) refunded() int64 {
	var sum int64
	for _, r := range p.Refunds {
		sum += r.Amount
	}
	return sum
}

func (p *payment) left() int64 { return p.Amount - p.refunded() }

// charge takes the money for a session.
func (b *book) charge(s *session) *payment {
	p := &payment{
		ID: newID("pi_3", 23), Charge: newID("ch_3", 23), Created: b.now.Unix(),
		Amount: s.total(), Currency: s.Currency, Email: s.buyerEmail(),
		Description: s.Description, Metadata: maps.Clone(s.IntentMetadata),
	}
	b.Payments[p.ID] = p
	b.changed = true
	return p
}

// refund gives back r.Amount of a payment, all that is left if it is 0.
func (b *book) refund(payment string, r *refund) (*payment, error) {
	p, err := b.payment(payment, "payment_intent")
	if err != nil {
		return nil, err
	}
	if p.left() == 0 {
		return nil, invalid("charge_already_refunded", "", "Charge %s has already been refunded.", p.Charge)
	}
	if r.Amount > p.left() {
		return nil, invalid("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			money(r.Amount, p.Currency), money(p.left(), p.Currency))
	}
	if r.Amount == 0 {
		r.Amount = p.left()
	}
	before := object{"amount_refunded": p.refunded()}
	r.ID, r.Created = newID("re_3", 23), b.now.Unix()
	p.Refunds = append(p.Refunds, r)
	if p.left() == 0 {
		before["refunded"] = false
	}
	// Stripe leaves refunds out of this event unless asked for. They are in
	// here for the eye; whoever decides by them must read the charge instead.
	b.emit("charge.refunded", p.chargeObject(expansion{"refunds": nil}), before)
	return p, nil
}
