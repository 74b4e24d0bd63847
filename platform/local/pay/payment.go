package pay

import "maps"

// The states of a payment intent.
const (
	paid       = "succeeded"
	processing = "processing"
	unpaid     = "requires_payment_method" // the attempt failed
)

// payment is a payment intent together with its only charge.
type payment struct {
	ID           string            `json:"id"`
	Charge       string            `json:"charge"`
	Created      int64             `json:"created"`
	Status       string            `json:"status,omitempty"` // "" is paid
	Amount       int64             `json:"amount"`
	Currency     string            `json:"currency"`
	Email        string            `json:"email,omitempty"`
	Customer     string            `json:"customer,omitempty"`
	ReceiptEmail string            `json:"receipt_email,omitempty"`
	Description  string            `json:"description,omitempty"`
	Metadata     map[string]string `json:"metadata"`
	Session      string            `json:"session,omitempty"`
	Dispute      string            `json:"dispute,omitempty"`
	Refunds      []*refund         `json:"refunds,omitempty"` // oldest first
}

func (*payment) kind() string  { return "payment_intent" }
func (p *payment) key() string { return p.ID }
func (p *payment) born() int64 { return p.Created }

// charge is the charge of a payment as a record of its own.
type charge struct{ p *payment }

func (charge) kind() string  { return "charge" }
func (c charge) key() string { return c.p.Charge }
func (c charge) born() int64 { return c.p.Created }

// refund is money given back. Here it always succeeds at once.
type refund struct {
	ID       string            `json:"id"`
	Created  int64             `json:"created"`
	Amount   int64             `json:"amount"`
	Reason   string            `json:"reason,omitempty"`
	Metadata map[string]string `json:"metadata"`

	of *payment
}

func (*refund) kind() string  { return "refund" }
func (r *refund) key() string { return r.ID }
func (r *refund) born() int64 { return r.Created }

func (p *payment) succeeded() bool { return p.Status == paid || p.Status == "" }

func (p *payment) refunded() int64 {
	var sum int64
	for _, r := range p.Refunds {
		sum += r.Amount
	}
	return sum
}

func (p *payment) left() int64 { return p.Amount - p.refunded() }

// charge begins to take the money for a session.
func (b *book) charge(s *session) *payment {
	p := &payment{
		ID: newID("pi_3", 23), Charge: newID("ch_3", 23), Created: b.now.Unix(), Status: processing,
		Amount: s.total(), Currency: s.Currency, Email: s.buyerEmail(), Customer: s.Customer,
		ReceiptEmail: s.ReceiptEmail, Session: s.ID,
		Description: s.Description, Metadata: maps.Clone(s.IntentMetadata),
	}
	b.Payments.add(p)
	b.charges.add(charge{p})
	s.Payment = p.ID
	b.changed = true
	return p
}

// refund gives back r.Amount of a payment, all that is left if it is 0.
func (b *book) refund(p *payment, r *refund) error {
	switch {
	case !p.succeeded():
		return invalid("", "", "This PaymentIntent (%s) does not have a successful charge to refund.", p.ID)
	case b.takenBack(p):
		return invalid("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", p.Charge)
	case p.left() == 0:
		return invalid("charge_already_refunded", "", "Charge %s has already been refunded.", p.Charge)
	case r.Amount > p.left():
		return invalid("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			money(r.Amount, p.Currency), money(p.left(), p.Currency))
	case r.Amount == 0:
		r.Amount = p.left()
	}
	before := object{"amount_refunded": p.refunded()}
	r.ID, r.Created, r.of = newID("re_3", 23), b.now.Unix(), p
	p.Refunds = append(p.Refunds, r)
	b.refunds.add(r)
	if p.left() == 0 {
		before["refunded"] = false
	}
	// Stripe leaves refunds out of this event unless asked for. They are in
	// here for the eye; whoever decides by them must read the charge instead.
	b.emit("charge.refunded", charge{p}.object(b, expansion{"refunds": nil}), before)
	return nil
}

// refundable finds the payment that a refund names, either way.
func (b *book) refundable(intent, chargeID string) (*payment, error) {
	if intent != "" {
		p, err := b.Payments.find(intent, "payment_intent")
		if err == nil && chargeID != "" && p.Charge != chargeID {
			err = invalid("", "charge", "The charge %s is not that of %s.", chargeID, intent)
		}
		return p, err
	}
	c, ok := b.charges.get(chargeID)
	if !ok {
		return nil, noSuch("charge", chargeID, "charge")
	}
	return c.p, nil
}

func createRefund(c *call) (effect, error) {
	f := c.form
	intent, chargeID := f.text("payment_intent"), f.text("charge")
	if intent+chargeID == "" {
		f.refuse(invalid("parameter_missing", "payment_intent", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	r := &refund{
		Amount:   f.integer("amount", 1, amountMax, 0),
		Reason:   f.choice("reason", "duplicate", "fraudulent", "requested_by_customer"),
		Metadata: f.metadata("metadata"),
	}
	return making(c, f.expand("refund"), func(b *book) (*refund, error) {
		p, err := b.refundable(intent, chargeID)
		if err != nil {
			return nil, err
		}
		return r, b.refund(p, r)
	})
}

func narrowRefunds(f *form) func(*book, *refund) bool {
	chargeID, intent := f.text("charge"), f.text("payment_intent")
	return func(_ *book, r *refund) bool {
		return (chargeID == "" || r.of.Charge == chargeID) && (intent == "" || r.of.ID == intent)
	}
}

func narrowCharges(f *form) func(*book, charge) bool {
	intent, customer := f.text("payment_intent"), f.text("customer")
	return func(_ *book, c charge) bool {
		return (intent == "" || c.p.ID == intent) && (customer == "" || c.p.Customer == customer)
	}
}

func narrowPayments(f *form) func(*book, *payment) bool {
	customer := f.text("customer")
	return func(_ *book, p *payment) bool { return customer == "" || p.Customer == customer }
}
