package pay

import (
	"net/http"
	"net/mail"
	"slices"
	"strings"
)

const (
	statusOpen     = "open"
	statusComplete = "complete"
	statusExpired  = "expired"
)

// session is a Checkout Session: an offer to one buyer that is paid once or
// expires.
type session struct {
	ID             string            `json:"id"`
	Status         string            `json:"status"`
	Created        int64             `json:"created"`
	ExpiresAt      int64             `json:"expires_at"`
	Currency       string            `json:"currency"`
	Lines          []line            `json:"lines"`
	Reference      string            `json:"reference,omitempty"`      // client_reference_id
	CustomerEmail  string            `json:"customer_email,omitempty"` // as the seller gave it
	Email          string            `json:"email,omitempty"`          // as the buyer was asked for it
	Metadata       map[string]string `json:"metadata"`
	IntentMetadata map[string]string `json:"intent_metadata"` // goes to the payment intent and the charge
	Description    string            `json:"description,omitempty"`
	SuccessURL     string            `json:"success_url"`
	CancelURL      string            `json:"cancel_url,omitempty"`
	Payment        string            `json:"payment,omitempty"` // id of the payment intent, once there is one
	Methods        []string          `json:"methods,omitempty"` // payment_method_types, if the seller limits them
	Customer       string            `json:"customer,omitempty"`
	MakeCustomer   bool              `json:"make_customer,omitempty"` // customer_creation is always
	AllowCodes     bool              `json:"allow_codes,omitempty"`
	Discount       *discount         `json:"discount,omitempty"`
	Tax            bool              `json:"tax,omitempty"`      // automatic_tax is on
	TaxRate        int64             `json:"tax_rate,omitempty"` // in hundredths of a percent
	ReceiptEmail   string            `json:"receipt_email,omitempty"`
	Paper          *invoice          `json:"paper,omitempty"` // what the invoice shall say, if one is wanted
	Invoice        string            `json:"invoice,omitempty"`
}

func (*session) kind() string  { return "checkout.session" }
func (s *session) key() string { return s.ID }
func (s *session) born() int64 { return s.Created }

// line is a line item.
type line struct {
	Name     string `json:"name"`
	Unit     int64  `json:"unit"`
	Quantity int64  `json:"quantity"`
}

func (s *session) subtotal() int64 {
	var sum int64
	for _, l := range s.Lines {
		sum += l.Unit * l.Quantity
	}
	return sum
}

func (s *session) off() int64 {
	if s.Discount == nil {
		return 0
	}
	return s.Discount.Amount
}

// tax comes on top of the prices, rounded to the nearest unit.
func (s *session) tax() int64 { return ((s.subtotal()-s.off())*s.TaxRate + 5000) / 10000 }

func (s *session) total() int64 { return s.subtotal() - s.off() + s.tax() }

// paymentStatus is what decides whether the goods may be handed over. Nothing
// to pay is not the same as paid: there is no payment intent then. A complete
// session whose money is still on its way is unpaid.
func (b *book) paymentStatus(s *session) string {
	p, ok := b.Payments.get(s.Payment)
	switch {
	case s.Status == statusComplete && !ok:
		return "no_payment_required"
	case ok && p.succeeded():
		return "paid"
	}
	return "unpaid"
}

// takesLater tells if the buyer may choose a method whose money comes later.
func (s *session) takesLater() bool {
	return s.total() > 0 && (len(s.Methods) == 0 || slices.ContainsFunc(s.Methods, func(m string) bool { return m != "card" && m != "link" }))
}

// methods are the payment_method_types of the session.
func (s *session) methods() []string {
	switch {
	case len(s.Methods) > 0:
		return s.Methods
	case s.Currency == "eur":
		return []string{"card", "sepa_debit"}
	}
	return []string{"card", "us_bank_account"}
}

func (s *session) buyerEmail() string {
	if s.CustomerEmail != "" {
		return s.CustomerEmail
	}
	return s.Email
}

// returnURL is where the buyer goes after paying.
func (s *session) returnURL() string {
	return strings.ReplaceAll(s.SuccessURL, "{CHECKOUT_SESSION_ID}", s.ID)
}

// open takes a new session in.
func (b *book) open(s *session) {
	s.ID, s.Status, s.Created = newID("cs_test_a1", 56), statusOpen, b.now.Unix()
	if s.ExpiresAt == 0 {
		s.ExpiresAt = b.now.Add(openLess).Unix()
	}
	b.Sessions.add(s)
	b.falls(s.ExpiresAt)
	b.changed = true
}

// pay completes an open session, with the money here or on its way. A complete
// one stays as it is, however often the buyer presses.
func (b *book) pay(s *session, email string, later bool) error {
	switch {
	case s.Status == statusComplete:
		return nil
	case s.Status == statusExpired:
		return &apiError{status: http.StatusConflict, Type: invalidRequest, Message: "This checkout has expired. Nothing was paid."}
	case later && !s.takesLater():
		return invalid("", "", "This checkout takes no payment whose money comes later.")
	}
	if s.buyerEmail() == "" {
		if !isEmail(email) {
			return invalid("email_invalid", "email", "Please go back and enter a valid e-mail address.")
		}
		s.Email = email
	}
	b.complete(s, later)
	return nil
}

func (b *book) complete(s *session, later bool) {
	if s.MakeCustomer && s.Customer == "" {
		c := &customer{Email: s.buyerEmail(), Metadata: map[string]string{}}
		b.enrol(c)
		s.Customer = c.ID
	}
	s.Status = statusComplete
	b.redeemed(s)
	if s.total() == 0 {
		b.bill(s)
		b.tell(s, "checkout.session.completed")
		return
	}
	p := b.charge(s)
	if !later {
		p.Status = paid
		b.bill(s)
	}
	b.tell(s, "checkout.session.completed")
	b.emit("payment_intent."+p.Status, p.object(b, nil), nil)
}

// arrive ends the waiting for money that came later, or did not.
func (b *book) arrive(s *session, here bool) error {
	p, ok := b.Payments.get(s.Payment)
	if !ok || p.Status != processing {
		return invalid("", "", "No money is on its way for this checkout.")
	}
	if !here {
		p.Status = unpaid
		b.tell(s, "checkout.session.async_payment_failed")
		b.emit("payment_intent.payment_failed", p.object(b, nil), nil)
		return nil
	}
	p.Status = paid
	b.bill(s)
	b.tell(s, "checkout.session.async_payment_succeeded")
	b.emit("payment_intent.succeeded", p.object(b, nil), nil)
	return nil
}

func (b *book) tell(s *session, kind string) { b.emit(kind, s.object(b, nil), nil) }

// expire ends an open session because the seller asks for it.
func (b *book) expire(id string) (*session, error) {
	s, err := b.Sessions.find(id, "session")
	if err != nil {
		return nil, err
	}
	if s.Status != statusOpen {
		return nil, invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", s.Status)
	}
	b.end(s)
	return s, nil
}

func (b *book) end(s *session) {
	s.Status = statusExpired
	b.tell(s, "checkout.session.expired")
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}
