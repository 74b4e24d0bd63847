package checkout

import (
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"

	"pilothandbook/handbook/purchase"
)

// terms returns the parameters of a session by their names on the wire.
func (e endpoint) terms(id uuid.UUID, who buyer, in wish, o purchase.Price, expires time.Time) map[string]string {
	marks := purchase.Marks(id, in.module, e.host)
	name := o.Title
	if in.Gift {
		name += " (gift code)"
	}
	p := &stripe.CheckoutSessionParams{
		Mode:                stripe.String(string(stripe.CheckoutSessionModePayment)),
		ClientReferenceID:   stripe.String(who.ID.String()),
		CustomerEmail:       stripe.String(who.Email),
		Metadata:            purchase.Memory{Gift: in.Gift, Credited: o.Credited, Terms: purchase.Terms}.In(marks),
		PaymentIntentData:   &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: marks},
		SuccessURL:          stripe.String(e.site + "/orders/" + id.String() + "?paid=1"),
		CancelURL:           stripe.String(e.site + "/modules/" + in.module),
		ExpiresAt:           stripe.Int64(expires.Unix()),
		AllowPromotionCodes: stripe.Bool(true),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String(o.Currency), UnitAmount: stripe.Int64(int64(o.Amount)),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(name)},
			},
		}},
	}
	if e.tax { // which depends on where the buyer lives
		p.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
		p.BillingAddressCollection = stripe.String(string(stripe.CheckoutSessionBillingAddressCollectionRequired))
	}
	return wire(p)
}

func wire(p *stripe.CheckoutSessionParams) map[string]string {
	var values form.Values
	form.AppendTo(&values, p)
	named := map[string]string{}
	for name, v := range values.ToValues() {
		named[name] = v[0]
	}
	return named
}
