package purchase

import (
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// Stripe returns these marks with every session and charge of ours.
const (
	checkoutMark = "checkout"
	moduleMark   = "module"
)

// Marks returns the metadata by which a sale is known as ours.
func Marks(checkout uuid.UUID, module string) map[string]string {
	return map[string]string{checkoutMark: checkout.String(), moduleMark: module}
}

// Report is what Stripe tells about one payment.
type Report struct {
	checkout string // our row, as the marks have it; "" when the sale is not ours
	module   string
	payment  string // the payment intent, else the session when nothing was to pay
	currency string
	live     bool
	facts    []Fact
	session  *stripe.CheckoutSession // nil when a charge tells it
}

// FromSession returns what a Checkout Session tells; at is when it did.
func FromSession(s *stripe.CheckoutSession, at time.Time) Report {
	r := Report{
		checkout: s.Metadata[checkoutMark], module: s.Metadata[moduleMark],
		payment: s.ID, currency: string(s.Currency), live: s.Livemode, session: s,
	}
	if s.PaymentIntent != nil && s.PaymentIntent.ID != "" {
		r.payment = s.PaymentIntent.ID
	}
	if s.Status != stripe.CheckoutSessionStatusComplete {
		return r
	}
	kind := Paid
	if s.PaymentStatus == stripe.CheckoutSessionPaymentStatusUnpaid {
		kind = Submitted
	}
	r.facts = []Fact{{Kind: kind, Source: s.ID, Amount: s.AmountTotal, At: moment(at)}}
	return r
}

// FromCharge returns what a charge tells about money that was given back; at
// is when it did.
func FromCharge(c *stripe.Charge, at time.Time) Report {
	r := Report{
		checkout: c.Metadata[checkoutMark], module: c.Metadata[moduleMark],
		currency: string(c.Currency), live: c.Livemode,
	}
	if c.PaymentIntent == nil || c.PaymentIntent.ID == "" {
		return Report{} // not made by a checkout, so not ours
	}
	r.payment = c.PaymentIntent.ID
	if c.AmountRefunded > 0 {
		kind := PartlyRefunded
		if c.Refunded && c.AmountRefunded == c.Amount {
			kind = Refunded
		}
		r.facts = []Fact{{Kind: kind, Source: c.ID, Amount: c.AmountRefunded, At: moment(at)}}
	}
	return r
}

// moment drops what PostgreSQL would not keep, so that a fact is equal to
// itself read back.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// expired reports whether Stripe has closed the session unpaid.
func (r Report) expired() bool {
	return r.session != nil && r.session.Status == stripe.CheckoutSessionStatusExpired
}
