// Package stripeapi has those parts of Stripe's API that the handbook and its
// tests ask. Stripe's own client.API has all of them, which are ten times as
// many packages to compile and to load.
package stripeapi

import (
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/charge"
	"github.com/stripe/stripe-go/v76/checkout/session"
	"github.com/stripe/stripe-go/v76/coupon"
	"github.com/stripe/stripe-go/v76/customer"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/invoice"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/promotioncode"
	"github.com/stripe/stripe-go/v76/refund"
	"github.com/stripe/stripe-go/v76/webhookendpoint"
)

// API asks Stripe, by the names of client.API.
type API struct {
	Charges          *charge.Client
	CheckoutSessions *session.Client
	Coupons          *coupon.Client
	Customers        *customer.Client
	Disputes         *dispute.Client
	Events           *event.Client
	Invoices         *invoice.Client
	PaymentIntents   *paymentintent.Client
	PromotionCodes   *promotioncode.Client
	Refunds          *refund.Client
	WebhookEndpoints *webhookendpoint.Client
}

// Gone reports whether Stripe knows no such thing.
func Gone(err error) bool {
	refusal, ok := errors.AsType[*stripe.Error](err)
	return ok && refusal.HTTPStatusCode == http.StatusNotFound
}

// Refused reports whether Stripe refuses what was asked for: asking for that
// again would not help, but asking for something else may. A key that is wrong
// or may not, and too many calls, concern all that is asked.
func Refused(err error) bool {
	refusal, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return false
	}
	switch refusal.HTTPStatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return refusal.HTTPStatusCode >= http.StatusBadRequest && refusal.HTTPStatusCode < http.StatusInternalServerError
}

// New returns the API for a secret key, asked through b.
func New(key string, b stripe.Backend) *API {
	return &API{
		Charges:          &charge.Client{B: b, Key: key},
		CheckoutSessions: &session.Client{B: b, Key: key},
		Coupons:          &coupon.Client{B: b, Key: key},
		Customers:        &customer.Client{B: b, Key: key},
		Disputes:         &dispute.Client{B: b, Key: key},
		Events:           &event.Client{B: b, Key: key},
		Invoices:         &invoice.Client{B: b, Key: key},
		PaymentIntents:   &paymentintent.Client{B: b, Key: key},
		PromotionCodes:   &promotioncode.Client{B: b, Key: key},
		Refunds:          &refund.Client{B: b, Key: key},
		WebhookEndpoints: &webhookendpoint.Client{B: b, Key: key},
	}
}
