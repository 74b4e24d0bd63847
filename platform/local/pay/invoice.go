package pay

import "fmt"

// invoice is the paper for a session that asked for one. What stands in it is
// read from the session.
type invoice struct {
	ID          string            `json:"id"`
	Number      string            `json:"number"`
	Created     int64             `json:"created"`
	Session     string            `json:"session"`
	Description string            `json:"description,omitempty"`
	Footer      string            `json:"footer,omitempty"`
	Metadata    map[string]string `json:"metadata"`
}

func (*invoice) kind() string  { return "invoice" }
func (i *invoice) key() string { return i.ID }
func (i *invoice) born() int64 { return i.Created }

func (i *invoice) object(b *book, x expansion) object {
	s, _ := b.Sessions.get(i.Session)
	var charge string
	if p, ok := b.Payments.get(s.Payment); ok {
		charge = p.Charge
	}
	total := s.total()
	return object{
		"id": i.ID, "object": "invoice", "livemode": false, "created": i.Created, "number": i.Number,
		"status": "paid", "paid": true, "attempted": true, "billing_reason": "manual", "collection_method": "charge_automatically",
		"currency": s.Currency, "subtotal": s.subtotal(), "total": total, "tax": s.tax(),
		"amount_due": total, "amount_paid": total, "amount_remaining": 0,
		"customer": x.orID("customer", s.Customer, b.buyer), "customer_email": orNull(s.buyerEmail()),
		"charge": x.orID("charge", charge, b.chargeOf), "payment_intent": x.orID("payment_intent", s.Payment, b.intent),
		"description": orNull(i.Description), "footer": orNull(i.Footer), "metadata": i.Metadata,
		"hosted_invoice_url": b.address("invoice/" + i.ID), "invoice_pdf": nil,
	}
}

// paper reads what an invoice shall say, nil if none is wanted.
func (f *form) paper() *invoice {
	const name = "invoice_creation"
	wanted := f.yes(name + "[enabled]")
	i := &invoice{
		Description: f.text(name + "[invoice_data][description]"),
		Footer:      f.text(name + "[invoice_data][footer]"),
		Metadata:    f.metadata(name + "[invoice_data][metadata]"),
	}
	if !wanted {
		return nil
	}
	return i
}

// bill makes the invoice of a session whose money is there.
func (b *book) bill(s *session) {
	if s.Paper == nil || s.Invoice != "" {
		return
	}
	i := *s.Paper
	i.ID, i.Created, i.Session = newID("in_1", 23), b.now.Unix(), s.ID
	i.Number = fmt.Sprintf("LOCAL-%04d", len(b.Invoices.all)+1)
	s.Invoice = i.ID
	b.Invoices.add(&i)
	b.emit("invoice.paid", i.object(b, nil), nil)
}
