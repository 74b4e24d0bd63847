package orders

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// receipts spares Stripe.
var receipts = web.Limit{
	Name: "receipt", Reader: web.Rate{N: 120, Per: time.Hour}, Address: web.Rate{N: 600, Per: time.Hour}, Total: web.Rate{N: 20_000, Per: time.Hour},
}

func (e endpoint) receipt(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "checkout"))
	if err != nil {
		return missing()
	}
	c, err := find(r.Context(), e.db, access.User(r.Context()), id)
	if err != nil {
		return err
	}
	if c.Session == "" || c.Status == "" || c.Status == "pending" {
		return fault.New(fault.NotFound, "This order has no receipt yet. It comes with the payment.")
	}
	to, err := e.receiptOf(r.Context(), c.Session)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, to)
}

// receiptOf asks Stripe where the receipt of a session is.
func (e endpoint) receiptOf(ctx context.Context, session string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p := &stripe.CheckoutSessionParams{}
	p.Context = ctx
	p.AddExpand("payment_intent.latest_charge")
	s, err := e.stripe.CheckoutSessions.Get(session, p)
	switch {
	case err != nil:
		return "", fault.New(fault.Unavailable, "Our payment service, which keeps the receipts, does not answer at the moment. Your order itself shows what you paid.").Because(fmt.Errorf("receipt of %s: %w", session, err))
	case s.PaymentIntent == nil:
		return "", fault.New(fault.NotFound, "Nothing was to pay for this order, so there is no receipt. The order itself shows what you got.")
	case s.PaymentIntent.LatestCharge == nil || s.PaymentIntent.LatestCharge.ReceiptURL == "":
		return "", fault.New(fault.NotFound, "There is no receipt for this payment. Your order itself shows what you paid; write to us if you need more.")
	}
	return s.PaymentIntent.LatestCharge.ReceiptURL, nil
}
