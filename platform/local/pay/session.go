package pay

import (
	"net/http"
	"net/mail"
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
	Number         int64             `json:"number"`
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
}

// line is a line item.
type line struct {
	Name     string `json:"name"`
	Unit     int64  `json:"unit"`
	Quantity int64  `json:"quantity"`
}

func (s *session) total() int64 {
	var sum int64
	for _, l := range s.Lines {
		sum += l.Unit * l.Quantity
	}
	return sum
}

// paymentStatus is what decides whether the goods may be handed over. Nothing
// to pay is not the same as paid: there is no payment intent then.
func (s *session) paymentStatus() string {
	switch {
	case s.Status != statusComplete:
		return "unpaid"
	case s.Payment == "":
		return "no_payment_required"
	}
	return "paid"
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
	b.Count++
	s.ID, s.Number, s.Status, s.Created = newID("cs_test_a1", 56), b.Count, statusOpen, b.now.Unix()
	if s.ExpiresAt == 0 {
		s.ExpiresAt = b.now.Add(openLess).Unix()
	}
	b.Sessions[s.ID] = s
	b.changed = true
}

// pay completes an open session. A complete one stays as it is, however often
// the buyer presses.
func (b *book) pay(id, email string) (*session, error) {
	s, err := b.session(id, "")
	if err != nil || s.Status == statusComplete {
		return s, err
	}
	if s.Status == statusExpired {
		return nil, &apiError{status: http.StatusConflict, Type: invalidRequest, Message: "This checkout has expired. Nothing was paid."}
	}
	if s.CustomerEmail == "" {
		if !isEmail(email) {
			return nil, invalid("email_invalid", "email", "Please go back and enter a valid e-mail address.")
		}
		s.Email = email
	}
	s.Status = statusComplete
	if s.total() > 0 {
		s.Payment = b.charge(s).ID
	}
	b.emit("checkout.session.completed", b.sessionObject(s, nil), nil)
	return s, nil
}

// expire ends an open session because the seller asks for it.
func (b *book) expire(id string) (*session, error) {
	s, err := b.session(id, "session")
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
	b.emit("checkout.session.expired", b.sessionObject(s, nil), nil)
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}
