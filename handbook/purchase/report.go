package purchase

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// Stripe returns these marks with every session and charge of ours.
const (
	checkoutMark = "checkout"
	moduleMark   = "module"
	siteMark     = "site"
)

// Marks returns the metadata by which a sale is known as ours: another handbook
// at the same Stripe account has the same marks but for its site, a host.
func Marks(checkout uuid.UUID, module, site string) map[string]string {
	return map[string]string{checkoutMark: checkout.String(), moduleMark: module, siteMark: site}
}

// Report is what Stripe, or an operator, tells about one payment.
type Report struct {
	checkout string // our row, as the marks have it; "" when the sale is not ours
	module   string
	site     string // whose it is, as the marks have it; "" where they have none, or it is ours
	payment  string // the payment intent, else the session when nothing was to pay
	currency string
	charged  int64 // what a charge took, in its currency; 0 when something else tells it
	live     bool
	facts    []Fact
	session  *stripe.CheckoutSession // nil when something else tells it
	bare     bool                    // names the payment only, whoever sold it
	unpaid   string                  // what of a refund the payer did not get, in words; "" if nothing
}

// At returns the report as the handbook at a site takes it. One of another site
// is ignored, unless its checkout's row is here: the handbook has moved then.
func (r Report) At(site string) Report {
	if r.site == site {
		r.site = ""
	}
	return r
}

// FromSession returns what a Checkout Session tells; at is when it did.
func FromSession(s *stripe.CheckoutSession, at time.Time) Report {
	s = priced(s)
	r := Report{
		checkout: s.Metadata[checkoutMark], module: s.Metadata[moduleMark], site: s.Metadata[siteMark],
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
		if over(s.PaymentIntent) {
			kind = Failed
		}
	}
	f := Fact{Kind: kind, Source: s.ID, Amount: s.AmountTotal, At: moment(at), Discount: max(0, s.AmountSubtotal-s.AmountTotal)}
	if d := s.TotalDetails; d != nil {
		f.Discount, f.Tax = d.AmountDiscount, d.AmountTax
	}
	r.facts = []Fact{f}
	return r
}

// paid returns when a session was paid: its payment begins when the buyer
// agrees to it, which only an expanded payment intent tells; else when it is
// told. It is zero of all that is no session.
func (r Report) paid() time.Time {
	switch {
	case r.session == nil || len(r.facts) == 0:
		return time.Time{}
	case r.session.PaymentIntent != nil && r.session.PaymentIntent.Created > 0:
		return time.Unix(r.session.PaymentIntent.Created, 0)
	}
	return r.facts[0].At
}

// over reports whether a payment that was under way has failed, which only an
// expanded payment intent tells.
func over(p *stripe.PaymentIntent) bool {
	return p != nil && (p.Status == stripe.PaymentIntentStatusRequiresPaymentMethod || p.Status == stripe.PaymentIntentStatusCanceled)
}

// FromFailure returns what a Checkout Session tells whose payment, which was
// under way, will not come; at is when it did.
func FromFailure(s *stripe.CheckoutSession, at time.Time) Report {
	r := FromSession(s, at)
	for i := range r.facts {
		if r.facts[i].Kind == Submitted {
			r.facts[i].Kind = Failed
		}
	}
	return r
}

// FromCharge returns what a charge tells about money that was given back; at
// is when it did.
func FromCharge(c *stripe.Charge, at time.Time) Report {
	r := Report{
		checkout: c.Metadata[checkoutMark], module: c.Metadata[moduleMark], site: c.Metadata[siteMark],
		currency: string(c.Currency), live: c.Livemode, charged: c.Amount,
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

// priced returns a session as it was made. Where Stripe lets buyers pay in their
// own currency (Adaptive Pricing), 2023-10-16 tells what they paid, and beside it
// what that is in the currency of the price; discount and tax are their share of it.
func priced(s *stripe.CheckoutSession) *stripe.CheckoutSession {
	c, d := s.CurrencyConversion, s.TotalDetails
	if c == nil {
		return s
	}
	own := *s
	own.Currency, own.AmountSubtotal, own.AmountTotal = c.SourceCurrency, c.AmountSubtotal, c.AmountTotal
	if d == nil {
		return &own
	}
	on := s.AmountSubtotal - d.AmountDiscount + d.AmountTax
	own.TotalDetails = &stripe.CheckoutSessionTotalDetails{AmountTax: share(c.AmountTotal, d.AmountTax, s.AmountTotal)}
	switch t := own.TotalDetails; {
	case on != s.AmountTotal: // it is in the price
		t.AmountDiscount = c.AmountSubtotal - c.AmountTotal
	case d.AmountDiscount == 0:
		t.AmountTax = c.AmountTotal - c.AmountSubtotal
	default:
		t.AmountDiscount = c.AmountSubtotal + t.AmountTax - c.AmountTotal
	}
	return &own
}

// restated returns a report of a charge in another currency than that of the
// sale as it would be in this: what went back is the same share of what was
// paid. While nobody knows what was, it is as it came.
func (r Report) restated(k known) Report {
	i := slices.IndexFunc(k.facts, func(f Fact) bool { return f.Kind == Paid })
	if r.charged == 0 || r.currency == k.currency || i < 0 {
		return r
	}
	r.currency, r.facts = k.currency, slices.Clone(r.facts)
	for j := range r.facts {
		r.facts[j].Amount = share(k.facts[i].Amount, r.facts[j].Amount, r.charged)
	}
	return r
}

// share returns of an amount what a part is of the whole.
func share(amount, part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return int64(math.Round(float64(amount) * float64(part) / float64(whole)))
}

// FromDispute returns what a dispute tells by its status; at is when it did. A
// bank's inquiry takes no money, so that nothing follows from one. The amount
// is in the bank's currency, which may be another one than the sale's.
func FromDispute(d *stripe.Dispute, at time.Time) (Report, error) {
	if d.PaymentIntent == nil || d.PaymentIntent.ID == "" {
		return Report{}, nil // not made by a checkout, so not ours
	}
	r := Report{payment: d.PaymentIntent.ID, currency: string(d.Currency), live: d.Livemode, bare: true}
	var kind Kind
	switch d.Status {
	case stripe.DisputeStatusNeedsResponse, stripe.DisputeStatusUnderReview:
		kind = Disputed
	case stripe.DisputeStatusWon:
		kind = DisputeWon
	case stripe.DisputeStatusLost:
		kind = DisputeLost
	case stripe.DisputeStatusWarningNeedsResponse, stripe.DisputeStatusWarningUnderReview, stripe.DisputeStatusWarningClosed:
		return r, nil
	default:
		return r, fmt.Errorf("dispute status %q is not known", d.Status)
	}
	r.facts = []Fact{{Kind: kind, Source: d.ID, Amount: d.Amount, At: moment(at)}}
	return r, nil
}

// FromRefund returns what a refund tells. Nothing follows from one that goes
// on: the charge tells what was given back. One that fails at the payer's bank
// does so days later, when the books and the reader's access have long followed
// it; the money is the seller's again. No rule can put that right, as the payer
// was promised it: an operator must.
func FromRefund(r *stripe.Refund) Report {
	if r.PaymentIntent == nil || r.PaymentIntent.ID == "" || r.Status != stripe.RefundStatusFailed && r.Status != stripe.RefundStatusCanceled {
		return Report{}
	}
	return Report{payment: r.PaymentIntent.ID, unpaid: fmt.Sprintf("refund %s of %d %s %s (%s)", r.ID, r.Amount, r.Currency, r.Status, cmp.Or(string(r.FailureReason), "no reason given"))}
}

// Withdrawal returns what an operator decides about a payment of nothing: what
// it bought is taken back. Where money was paid nothing follows from it.
func Withdrawal(payment, currency string, live bool, operator uuid.UUID, at time.Time) Report {
	return Report{
		payment: payment, currency: currency, live: live, bare: true,
		facts: []Fact{{Kind: Withdrawn, Source: operator.String(), At: moment(at)}},
	}
}

// moment drops what PostgreSQL would not keep, so that a fact is equal to
// itself read back.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// expired reports whether Stripe has closed the session unpaid.
func (r Report) expired() bool {
	return r.session != nil && r.session.Status == stripe.CheckoutSessionStatusExpired
}
