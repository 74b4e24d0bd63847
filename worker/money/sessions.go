package money

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/stripeapi"
)

// followed is a session of which Stripe may know more than we do.
type followed struct {
	Checkout uuid.UUID
	ID       string
	State    string // of its checkout
	Pending  bool   // its payment is under way
	Unpaid   bool   // as far as we know
}

// slowest is how long after its session has ended a payment may yet come, by a
// bank transfer or a debit.
const slowest = 30 * 24 * time.Hour

// atOnce is how many sessions are read at once. Stripe takes a hundred calls a
// second with a live key, of which most are left for buyers.
const atOnce = 4

// sessions reads the sessions of what is open, from where the last time
// stopped. Where events are lost it reads those too of all that is paid, also
// by accounts that are deleted, as what they gave lives on, and of what may have
// been paid meanwhile though its page was closed or its buyer's account deleted.
func (j Jobs) sessions(ctx context.Context, f *Findings) error {
	all, err := j.open(ctx, *f)
	if err != nil {
		return err
	}
	f.Left, f.after = len(all), nil
	for some := range slices.Chunk(all, atOnce) {
		if err := j.readSome(ctx, some, f); err != nil {
			return err
		}
		if f.Left -= len(some); f.Left > 0 && j.late(ctx) {
			f.after = &some[len(some)-1].Checkout
			return nil
		}
	}
	return nil
}

// open lists what sessions reads.
func (j Jobs) open(ctx context.Context, f Findings) ([]followed, error) {
	rows, err := j.db.Query(ctx, `
		SELECT c.id, c.stripe_session_id, c.state, coalesce(p.status = 'pending', false),
		       NOT EXISTS (SELECT FROM payment_facts WHERE checkout_id = c.id AND kind = 'paid')
		FROM checkouts c
		LEFT JOIN purchases p ON p.checkout_id = c.id
		WHERE c.stripe_session_id IS NOT NULL AND ($3::uuid IS NULL OR c.id > $3)
		  AND (c.state = 'open' OR p.status = 'pending' OR $1 AND (
			p.status = 'completed' OR c.expires_at > $2
			OR c.state = 'complete' AND p.id IS NULL
			   AND NOT EXISTS (SELECT FROM payment_facts WHERE checkout_id = c.id AND kind IN ('refunded', 'dispute_lost'))))
		ORDER BY c.id`, f.Gap, f.Before.Add(-slowest), f.after)
	if err != nil {
		return nil, fmt.Errorf("open sessions: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[followed])
	if err != nil {
		return nil, fmt.Errorf("open sessions: %w", err)
	}
	return all, nil
}

// readSome reads some sessions at once, and settles what they tell in their order.
func (j Jobs) readSome(ctx context.Context, some []followed, f *Findings) error {
	news, odd := make([][]purchase.Report, len(some)), make([]error, len(some))
	reading, asking := errgroup.WithContext(ctx)
	for i, one := range some {
		reading.Go(func() (err error) {
			news[i], err = j.read(asking, one)
			switch {
			case stripeapi.Refused(err):
				odd[i] = err
			case err != nil:
				return fmt.Errorf("session %s: %w", one.ID, err)
			}
			return nil
		})
	}
	if err := reading.Wait(); err != nil {
		return err
	}
	f.Sessions += len(some)
	for i, one := range some {
		if odd[i] != nil {
			f.wait("session "+one.ID, odd[i])
		}
		for _, r := range news[i] {
			out, err := j.inbox.Settle(ctx, r)
			if err != nil {
				return fmt.Errorf("session %s: %w", one.ID, err)
			}
			if out.State == purchase.Settled {
				f.Settled++
			}
			f.count("session "+one.ID, out)
		}
	}
	return nil
}

// read returns what is news of a session.
func (j Jobs) read(ctx context.Context, one followed) ([]purchase.Report, error) {
	p := &stripe.CheckoutSessionParams{}
	p.Context = ctx
	p.AddExpand("payment_intent.latest_charge")
	s, err := j.stripe.CheckoutSessions.Get(one.ID, p)
	if stripeapi.Gone(err) {
		return nil, nil // the next purchase of the module closes its checkout
	}
	if err != nil {
		return nil, err
	}
	return one.news(s, j), nil
}

// news returns what a session tells that is not known, as far as its state
// shows it: what it told before would only be told with a later time.
func (one followed) news(s *stripe.CheckoutSession, j Jobs) []purchase.Report {
	var news []purchase.Report
	paid := s.PaymentStatus != stripe.CheckoutSessionPaymentStatusUnpaid
	over := s.PaymentIntent != nil && s.PaymentIntent.Status != stripe.PaymentIntentStatusProcessing
	if one.State == "open" && s.Status != stripe.CheckoutSessionStatusOpen || one.Pending && (paid || over) || one.Unpaid && paid {
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
		if err != nil { // of a kind that this program does not know
			f.wait("dispute "+list.Dispute().ID, err)
			continue
		}
		out, err := j.inbox.Settle(ctx, r)
		if err != nil {
			return fmt.Errorf("dispute %s: %w", list.Dispute().ID, err)
		}
		f.count("dispute "+list.Dispute().ID, out)
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("disputes: %w", err)
	}
	return nil
}
