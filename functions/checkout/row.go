package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// life is how long a checkout can be paid; Stripe allows less than a day.
const life = 23 * time.Hour

// shortest is how long a session can be paid at least, when Stripe makes it.
const shortest = 30 * time.Minute

// row is an open checkout beside today's price.
type row struct {
	ID       uuid.UUID
	Session  string // "" while Stripe's answer is not known
	Amount   int
	Currency string
	Params   map[string]string // as Stripe gets them, whatever this program would send today
	Credited []string          // the owned modules that made it cheaper
	Terms    string            // the version that the buyer agreed to
	Expires  time.Time
	Today    purchase.Price
}

// current reports whether the row sells at the buyer's price and by the terms
// of today.
func (r row) current() bool {
	return r.Terms == purchase.Terms && r.Amount == r.Today.Amount && r.Currency == r.Today.Currency && slices.Equal(r.Credited, r.Today.Credited)
}

// params returns what creates the row's session, the same at every try.
func (r row) params(ctx context.Context) *stripe.CheckoutSessionParams {
	p := &stripe.CheckoutSessionParams{}
	p.Context = ctx
	p.SetIdempotencyKey(r.ID.String())
	for name, value := range r.Params {
		p.AddExtra(name, value)
	}
	return p
}

// row returns the buyer's open checkout of a module, a new one if there is
// none. What is owned is asked after the row is there: a payment that is being
// settled meanwhile either still holds the one open row or has given its grant.
func (e endpoint) row(ctx context.Context, who buyer, in wish) (row, error) {
	var open row
	err := db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		o, err := offered(ctx, tx, in.pays(who.ID), in.module)
		if err != nil {
			return err
		}
		if err := e.insert(ctx, tx, who, in, o); err != nil {
			return err
		}
		if err := free(ctx, tx, who, in, o.Title); err != nil {
			return err
		}
		open, err = find(ctx, tx, who, in)
		open.Today = o
		return err
	})
	return open, err
}

func offered(ctx context.Context, q db.Querier, who uuid.UUID, module string) (purchase.Price, error) {
	p, err := purchase.PriceFor(ctx, q, who, module)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, fault.New(fault.NotFound, "There is no module %q on sale. The catalogue lists what there is.", module)
	}
	return p, err
}

// insert writes a new checkout, unless one is open.
func (e endpoint) insert(ctx context.Context, tx pgx.Tx, who buyer, in wish, o purchase.Price) error {
	id := uuid.Must(uuid.NewV7())
	expires := e.now().Add(life)
	_, err := tx.Exec(ctx, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at, credited, gift, agreed_at, terms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (user_id, module_type, gift) WHERE state = 'open' DO NOTHING`,
		id, who.ID, in.module, o.Amount, o.Currency, e.live, e.terms(id, who, in, o, expires), expires, o.Credited, in.Gift, e.now(), purchase.Terms)
	if err != nil {
		return fmt.Errorf("checkout of %q for %s: %w", in.module, who.ID, err)
	}
	return nil
}

// free refuses who owns the module, or has paid for it and waits. Gifts may be
// bought by anybody, as many as they like.
func free(ctx context.Context, tx pgx.Tx, who buyer, in wish, title string) error {
	if in.Gift {
		return nil
	}
	owns, err := purchase.Owns(ctx, tx, who.ID, in.module)
	if err != nil {
		return err
	}
	if owns {
		return fault.New(fault.Conflict, "You already own %s: it is open to you, and nothing is to pay.", title)
	}
	waits, err := purchase.Waits(ctx, tx, who.ID, in.module)
	if err != nil {
		return err
	}
	if waits {
		return fault.New(fault.Conflict, "Your payment for %s is under way. Your orders show when it has arrived.", title)
	}
	return nil
}

func find(ctx context.Context, tx pgx.Tx, who buyer, in wish) (row, error) {
	var r row
	err := tx.QueryRow(ctx, `
		SELECT id, coalesce(stripe_session_id, ''), amount, currency, params, credited, terms, expires_at
		FROM checkouts
		WHERE user_id = $1 AND module_type = $2 AND state = 'open' AND gift = $3`, who.ID, in.module, in.Gift,
	).Scan(&r.ID, &r.Session, &r.Amount, &r.Currency, &r.Params, &r.Credited, &r.Terms, &r.Expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, fault.New(fault.Unavailable, "Your last checkout has just ended. Please try again.")
	}
	if err != nil {
		return r, fmt.Errorf("open checkout of %q for %s: %w", in.module, who.ID, err)
	}
	return r, nil
}

// keep notes what Stripe answered; the same again when it is asked twice.
func keep(ctx context.Context, p *db.Pool, id uuid.UUID, s *stripe.CheckoutSession) error {
	_, err := p.Exec(ctx, `
		UPDATE checkouts
		SET stripe_session_id = $2, url = $3
		WHERE id = $1`, id, s.ID, s.URL)
	if err != nil {
		return fmt.Errorf("keep session %s of checkout %s: %w", s.ID, id, err)
	}
	return nil
}

// expire closes a row whose session cannot be paid any more; "" is one that was
// never heard of. A row that was paid stays so, and one that another click has
// found a session for.
func expire(ctx context.Context, p *db.Pool, id uuid.UUID, session string) error {
	_, err := p.Exec(ctx, `
		UPDATE checkouts
		SET state = 'expired'
		WHERE id = $1 AND state = 'open' AND coalesce(stripe_session_id, '') = $2`, id, session)
	if err != nil {
		return fmt.Errorf("expire checkout %s: %w", id, err)
	}
	return nil
}
