package money

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
)

// followed is a session of which Stripe may know more than we do.
type followed struct {
	ID      string
	State   string // of its checkout
	Pending bool   // its payment is under way
	Unsold  bool   // nobody has bought anything by it, as far as we know
}

// slowest is how long after its session has ended a payment may yet come, by a
// bank transfer or a debit.
const slowest = 30 * 24 * time.Hour

// sessions reads the sessions of what is open. Where events are lost it reads
// those too of all that is paid, and of what may have been paid meanwhile
// though its page was closed or its buyer's account deleted.
func (j Jobs) sessions(ctx context.Context, f *Findings) error {
	rows, err := j.db.Query(ctx, `
		SELECT c.stripe_session_id, c.state, coalesce(p.status = 'pending', false), p.id IS NULL
		FROM checkouts c
		LEFT JOIN purchases p ON p.checkout_id = c.id
		WHERE c.stripe_session_id IS NOT NULL AND (c.state = 'open' OR p.status = 'pending' OR $1 AND (p.status = 'completed' OR c.expires_at > $2))
		ORDER BY c.id`, f.Gap, f.Before.Add(-slowest))
	if err != nil {
		return fmt.Errorf("open sessions: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[followed])
	if err != nil {
		return fmt.Errorf("open sessions: %w", err)
	}
	for _, one := range all {
		if err := j.session(ctx, one, f); err != nil {
			return fmt.Errorf("session %s: %w", one.ID, err)
		}
	}
	return nil
}

func (j Jobs) session(ctx context.Context, one followed, f *Findings) error {
	p := &stripe.CheckoutSessionParams{}
	p.Context = ctx
	p.AddExpand("payment_intent.latest_charge")
	s, err := j.stripe.CheckoutSessions.Get(one.ID, p)
	f.Sessions++
	if gone(err) {
		return nil // the next purchase of the module closes its checkout
	}
	if err != nil {
		return err
	}
	for _, r := range one.news(s, j) {
		out, err := j.inbox.Settle(ctx, r)
		if err != nil {
			return err
		}
		f.Settled++
		f.count(out)
	}
	return nil
}

// news returns what a session tells that is not known, as far as its state
// shows it: what it told before would only be told with a later time.
func (one followed) news(s *stripe.CheckoutSession, j Jobs) []purchase.Report {
	var news []purchase.Report
	paid := s.PaymentStatus != stripe.CheckoutSessionPaymentStatusUnpaid
	over := s.PaymentIntent != nil && s.PaymentIntent.Status != stripe.PaymentIntentStatusProcessing
	if one.State == "open" && s.Status != stripe.CheckoutSessionStatusOpen || one.Pending && (paid || over) || one.Unsold && paid {
		news = append(news, purchase.FromSession(s, j.now()))
	}
	if s.PaymentIntent != nil && s.PaymentIntent.LatestCharge != nil && s.PaymentIntent.LatestCharge.AmountRefunded > 0 {
		c := *s.PaymentIntent.LatestCharge
		c.PaymentIntent = s.PaymentIntent
		news = append(news, purchase.FromCharge(&c, j.now()))
	}
	return news
}

// disputes reads every dispute there is: one that began and ended where events
// are lost is told by nothing else.
func (j Jobs) disputes(ctx context.Context, f *Findings) error {
	p := &stripe.DisputeListParams{}
	p.Context = ctx
	p.Limit = stripe.Int64(100)
	list := j.stripe.Disputes.List(p)
	for list.Next() {
		f.Disputes++
		r, err := purchase.FromDispute(list.Dispute(), j.now())
		if err != nil {
			return fmt.Errorf("dispute %s: %w", list.Dispute().ID, err)
		}
		out, err := j.inbox.Settle(ctx, r)
		if err != nil {
			return fmt.Errorf("dispute %s: %w", list.Dispute().ID, err)
		}
		f.count(out)
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("disputes: %w", err)
	}
	return nil
}

// gone reports whether Stripe knows no such thing.
func gone(err error) bool {
	refusal, ok := errors.AsType[*stripe.Error](err)
	return ok && refusal.HTTPStatusCode == http.StatusNotFound
}
