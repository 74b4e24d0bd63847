// Package accounts does what is left to do elsewhere once an account is
// deleted, has changed while Redis was away, or is offered something no more.
package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/stripeapi"
)

// Jobs are the jobs of this package.
type Jobs struct {
	DB     *db.Pool
	Cache  *cache.Cache // may be nil
	Stripe *stripeapi.API
}

// ForgetReader drops what Redis keeps about a reader.
func (j Jobs) ForgetReader(ctx context.Context, a job.ForgetReader) error {
	if !access.Uncache(ctx, j.Cache, a) {
		return errors.New("the cache does not answer")
	}
	return j.done(ctx)
}

// EraseCustomer deletes a customer at Stripe. One that is gone is just as
// well.
func (j Jobs) EraseCustomer(ctx context.Context, a job.EraseCustomer) error {
	_, err := j.Stripe.Customers.Del(a.Customer, &stripe.CustomerParams{Params: stripe.Params{Context: ctx}})
	if err != nil && status(err) != http.StatusNotFound {
		return fmt.Errorf("erase customer %s: %w", a.Customer, err)
	}
	return j.done(ctx)
}

// CloseCheckout ends a session at Stripe, so that nobody pays for nothing. One
// that is paid or over cannot be ended: what was paid is given back when
// Stripe tells of it.
func (j Jobs) CloseCheckout(ctx context.Context, a job.CloseCheckout) error {
	_, err := j.Stripe.CheckoutSessions.Expire(a.Session, &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}})
	if s := status(err); err != nil && s != http.StatusNotFound && s != http.StatusBadRequest {
		return fmt.Errorf("close checkout session %s: %w", a.Session, err)
	}
	return j.done(ctx)
}

func (j Jobs) done(ctx context.Context) error {
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error { return queue.Finish(ctx, tx, nil) })
}

// status returns the status of Stripe's refusal, 0 when there was no answer.
func status(err error) int {
	if refusal, ok := errors.AsType[*stripe.Error](err); ok {
		return refusal.HTTPStatusCode
	}
	return 0
}
