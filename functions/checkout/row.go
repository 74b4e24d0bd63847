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
	"github.com/stripe/stripe-go/v76/form"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// life is how long a checkout can be paid; Stripe allows less than a day.
const life = 23 * time.Hour

// row is an open checkout beside today's price.
type row struct {
	ID       uuid.UUID
	Session  string // "" while Stripe's answer is not known
	Amount   int
	Currency string
	Params   map[string]string // as Stripe gets them, whatever this program would send today
	Credited []string          // the owned modules that made it cheaper
	Today    purchase.Price
}

// current reports whether the row sells at the buyer's price of today.
func (r row) current() bool {
	return r.Amount == r.Today.Amount && r.Currency == r.Today.Currency && slices.Equal(r.Credited, r.Today.Credited)
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
func (e endpoint) row(ctx context.Context, who buyer, module string) (row, error) {
	var open row
	err := db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		o, err := offered(ctx, tx, who, module)
		if err != nil {
			return err
		}
		if err := e.insert(ctx, tx, who, module, o); err != nil {
			return err
		}
		if err := free(ctx, tx, who, module, o.Title); err != nil {
			return err
		}
		open, err = find(ctx, tx, who, module)
		open.Today = o
		return err
	})
	return open, err
}

func offered(ctx context.Context, tx pgx.Tx, who buyer, module string) (purchase.Price, error) {
	p, err := purchase.PriceFor(ctx, tx, who.ID, module)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, fault.New(fault.NotFound, "There is no module %q on sale. The catalogue lists what there is.", module)
	}
	return p, err
}

// insert writes a new checkout, unless one is open.
func (e endpoint) insert(ctx context.Context, tx pgx.Tx, who buyer, module string, o purchase.Price) error {
	id := uuid.Must(uuid.NewV7())
	expires := e.now().Add(life)
	_, err := tx.Exec(ctx, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at, credited)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (user_id, module_type) WHERE state = 'open' DO NOTHING`,
		id, who.ID, module, o.Amount, o.Currency, e.live, e.terms(id, who, module, o, expires), expires, o.Credited)
	if err != nil {
		return fmt.Errorf("checkout of %q for %s: %w", module, who.ID, err)
	}
	return nil
}

// free refuses who owns the module, or has paid for it and waits.
func free(ctx context.Context, tx pgx.Tx, who buyer, module, title string) error {
	owns, err := purchase.Owns(ctx, tx, who.ID, module)
	if err != nil {
		return err
	}
	if owns {
		return fault.New(fault.Conflict, "You already own %s: it is open to you, and nothing is to pay.", title)
	}
	var waits bool
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM purchases
			WHERE user_id = $1 AND module_type = $2 AND status = 'pending')`, who.ID, module).Scan(&waits)
	if err != nil {
		return fmt.Errorf("pending purchase of %q by %s: %w", module, who.ID, err)
	}
	if waits {
		return fault.New(fault.Conflict, "Your payment for %s is under way. Your orders show when it has arrived.", title)
	}
	return nil
}

func find(ctx context.Context, tx pgx.Tx, who buyer, module string) (row, error) {
	var r row
	err := tx.QueryRow(ctx, `
		SELECT id, coalesce(stripe_session_id, ''), amount, currency, params, credited
		FROM checkouts
		WHERE user_id = $1 AND module_type = $2 AND state = 'open'`, who.ID, module,
	).Scan(&r.ID, &r.Session, &r.Amount, &r.Currency, &r.Params, &r.Credited)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, fault.New(fault.Unavailable, "Your last checkout has just ended. Please try again.")
	}
	if err != nil {
		return r, fmt.Errorf("open checkout of %q for %s: %w", module, who.ID, err)
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

// expire closes a row whose session cannot be paid any more. A row that was
// paid stays so.
func expire(ctx context.Context, p *db.Pool, id uuid.UUID) error {
	_, err := p.Exec(ctx, `
		UPDATE checkouts
		SET state = 'expired'
		WHERE id = $1 AND state = 'open'`, id)
	if err != nil {
		return fmt.Errorf("expire checkout %s: %w", id, err)
	}
	return nil
}

// terms returns the parameters of a session by their names on the wire.
func (e endpoint) terms(id uuid.UUID, who buyer, module string, o purchase.Price, expires time.Time) map[string]string {
	marks := purchase.Marks(id, module)
	var values form.Values
	form.AppendTo(&values, &stripe.CheckoutSessionParams{
		Mode:              stripe.String(string(stripe.CheckoutSessionModePayment)),
		ClientReferenceID: stripe.String(who.ID.String()),
		CustomerEmail:     stripe.String(who.Email),
		Metadata:          marks,
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: marks},
		SuccessURL:        stripe.String(e.site + "/orders/" + id.String() + "?paid=1"),
		CancelURL:         stripe.String(e.site + "/modules/" + module),
		ExpiresAt:         stripe.Int64(expires.Unix()),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String(o.Currency), UnitAmount: stripe.Int64(int64(o.Amount)),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(o.Title)},
			},
		}},
	})
	terms := map[string]string{}
	for name, v := range values.ToValues() {
		terms[name] = v[0]
	}
	return terms
}
