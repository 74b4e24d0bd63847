package purchase

import (
	"fmt"
	"math"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

// contradicts says in what a report does not agree with what was written
// before the sale, "" if it does.
func (r Report) contradicts(k known) string {
	differ := func(what string, told, ours any) string {
		return fmt.Sprintf("%s is %v, ours is %v", what, told, ours)
	}
	switch {
	case !k.found:
		return fmt.Sprintf("there is no checkout %q", r.checkout)
	case !r.bare && r.module != k.module:
		return differ("module", r.module, k.module)
	case !r.bare && r.currency != k.currency:
		return differ("currency", r.currency, k.currency)
	case r.live != k.live:
		return differ("livemode", r.live, k.live)
	}
	if reason := r.absurd(); reason != "" {
		return reason
	}
	for _, b := range k.bought {
		if b.Payment != r.payment {
			return differ("payment", r.payment, b.Payment)
		}
		if b.Checkout != k.checkout {
			return differ("checkout of the payment", k.checkout, b.Checkout)
		}
	}
	if r.session != nil {
		return sessionContradicts(r.session, k)
	}
	return ""
}

// absurd says which amount cannot be, "" if all can.
func (r Report) absurd() string {
	for _, f := range r.facts {
		for _, n := range []int64{f.Amount, f.Discount, f.Tax} {
			if n < 0 || n > math.MaxInt32 {
				return fmt.Sprintf("amount %d cannot be", n)
			}
		}
	}
	return ""
}

func sessionContradicts(s *stripe.CheckoutSession, k known) string {
	statuses := []stripe.CheckoutSessionPaymentStatus{
		stripe.CheckoutSessionPaymentStatusPaid, stripe.CheckoutSessionPaymentStatusUnpaid,
		stripe.CheckoutSessionPaymentStatusNoPaymentRequired,
	}
	switch {
	case k.session != "" && s.ID != k.session:
		return fmt.Sprintf("session is %s, ours is %s", s.ID, k.session)
	case s.AmountSubtotal != k.amount:
		return fmt.Sprintf("subtotal is %d, ours is %d", s.AmountSubtotal, k.amount)
	case k.user != nil && s.ClientReferenceID != k.user.String():
		return fmt.Sprintf("buyer is %q, ours is %s", s.ClientReferenceID, k.user)
	case !slices.Contains(statuses, s.PaymentStatus):
		return fmt.Sprintf("payment status %q is not known", s.PaymentStatus)
	}
	return unbalanced(s)
}

// unbalanced says if what is paid is not the price, less the discount, with a
// tax that is in it or comes on top, "" if it is. Nothing is sent, so that
// there is nothing else to pay for.
func unbalanced(s *stripe.CheckoutSession) string {
	d := s.TotalDetails
	if d == nil {
		d = &stripe.CheckoutSessionTotalDetails{AmountDiscount: max(0, s.AmountSubtotal-s.AmountTotal)}
	}
	net := s.AmountSubtotal - d.AmountDiscount
	if net < 0 || d.AmountTax < 0 || s.AmountTotal < net || s.AmountTotal > net+d.AmountTax || d.AmountTax > s.AmountTotal {
		return fmt.Sprintf("total is %d, which is not %d less %d with a tax of %d", s.AmountTotal, s.AmountSubtotal, d.AmountDiscount, d.AmountTax)
	}
	return ""
}
