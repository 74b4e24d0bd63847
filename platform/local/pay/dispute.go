package pay

import "slices"

const (
	disputeOpen = "needs_response"
	disputeWon  = "won"
	disputeLost = "lost"
	// evidenceDays is how long a seller has to answer.
	evidenceDays = 7
)

// dispute is a buyer's complaint to the bank, which took the money back until
// it is decided.
type dispute struct {
	ID       string            `json:"id"`
	Payment  string            `json:"payment"`
	Charge   string            `json:"charge"`
	Created  int64             `json:"created"`
	Amount   int64             `json:"amount"`
	Currency string            `json:"currency"`
	Reason   string            `json:"reason"`
	Status   string            `json:"status"`
	Metadata map[string]string `json:"metadata"`
}

func (*dispute) kind() string  { return "dispute" }
func (d *dispute) key() string { return d.ID }
func (d *dispute) born() int64 { return d.Created }

func (d *dispute) object(b *book, x expansion) object {
	return object{
		"id": d.ID, "object": "dispute", "livemode": false, "created": d.Created,
		"amount": d.Amount, "currency": d.Currency, "reason": d.Reason, "status": d.Status,
		"charge": x.orID("charge", d.Charge, b.chargeOf), "payment_intent": x.orID("payment_intent", d.Payment, b.intent),
		"balance_transactions": []object{}, "evidence": object{},
		"evidence_details": object{
			"due_by": d.Created + evidenceDays*24*60*60, "has_evidence": false, "past_due": false, "submission_count": 0,
		},
		"is_charge_refundable": false, "metadata": d.Metadata, "network_reason_code": nil,
	}
}

func disputeReasons() []string {
	return []string{"fraudulent", "duplicate", "general", "product_not_received", "product_unacceptable", "unrecognized"}
}

// complain opens a dispute about what is left of a payment.
func (b *book) complain(p *payment, reason string) error {
	if reason == "" {
		reason = "fraudulent"
	}
	switch {
	case !slices.Contains(disputeReasons(), reason):
		return invalid("", "reason", "Invalid reason: %s", reason)
	case !p.succeeded() || p.left() == 0:
		return invalid("", "", "There is no money of charge %s to dispute.", p.Charge)
	case p.Dispute != "":
		return invalid("", "", "Charge %s has been disputed already.", p.Charge)
	}
	d := &dispute{
		ID: newID("dp_1", 23), Payment: p.ID, Charge: p.Charge, Created: b.now.Unix(),
		Amount: p.left(), Currency: p.Currency, Reason: reason, Status: disputeOpen,
		Metadata: map[string]string{},
	}
	p.Dispute = d.ID
	b.Disputes.add(d)
	b.emit("charge.dispute.created", d.object(b, nil), nil)
	return nil
}

// decide closes an open dispute as won or lost.
func (b *book) decide(d *dispute, status string) error {
	if d.Status != disputeOpen {
		return invalid("", "", "This dispute is already closed: it was %s.", d.Status)
	}
	d.Status = status
	b.emit("charge.dispute.closed", d.object(b, nil), object{"status": disputeOpen})
	return nil
}

// takenBack tells if a bank has, or may yet have, the money of a payment.
func (b *book) takenBack(p *payment) bool {
	d, ok := b.Disputes.get(p.Dispute)
	return ok && d.Status != disputeWon
}

// closeDispute is how a seller gives in.
func closeDispute(c *call) (effect, error) {
	return making(c, c.form.expand("dispute"), func(b *book) (*dispute, error) {
		d, err := b.Disputes.find(c.object, "dispute")
		if err != nil {
			return nil, err
		}
		return d, b.decide(d, disputeLost)
	})
}

func narrowDisputes(f *form) func(*book, *dispute) bool {
	charge, intent := f.text("charge"), f.text("payment_intent")
	return func(_ *book, d *dispute) bool {
		return (charge == "" || d.Charge == charge) && (intent == "" || d.Payment == intent)
	}
}
