package orders

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// patience is how long the page waits for Stripe; then it shows what is known.
const patience = 8 * time.Second

// checkout is one try to buy, as far as it has come.
type checkout struct {
	Module   string
	Title    string
	Amount   int
	Currency string
	State    string // open, complete or expired
	Session  string // at Stripe; "" while it is not known
	Status   string // of the purchase; "" while there is none
	Opens    []open // the modules to read now
}

type open struct{ Key, Title string }

// What the page of a checkout says.
const (
	granted    = "granted"
	underWay   = "under way"
	unfinished = "not finished"
	refunded   = "refunded"
	looking    = "looking"
)

// view is what the page of a checkout shows.
type view struct {
	checkout
	Says string
}

func (e endpoint) showOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "checkout"))
	if err != nil {
		return missing()
	}
	v, err := e.look(r.Context(), id, r.URL.Query().Has("paid"))
	if err != nil {
		return err
	}
	return e.order.Show(w, r, http.StatusOK, reader.View{Title: v.Title, Notice: e.notice, Data: v})
}

// look returns what is known of the reader's checkout, after asking Stripe
// about one that is open.
func (e endpoint) look(ctx context.Context, id uuid.UUID, back bool) (v view, err error) {
	user := access.User(ctx)
	if v.checkout, err = find(ctx, e.db, user, id); err != nil {
		return v, err
	}
	v.Says = unfinished
	if v.State == "open" && v.Session != "" {
		if v.Says, err = e.refresh(ctx, v.checkout, back); err != nil {
			return v, err
		}
		if v.checkout, err = find(ctx, e.db, user, id); err != nil {
			return v, err
		}
	}
	if v.Status != "" {
		v.Says = v.says()
	}
	return v, nil
}

// refresh asks Stripe about an open checkout, settles what it tells and
// returns what to say where nothing is bought. back tells that the buyer comes
// from Stripe's page; it only decides what is said while Stripe is away.
func (e endpoint) refresh(ctx context.Context, c checkout, back bool) (string, error) {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p := &stripe.CheckoutSessionParams{}
	p.Context = short
	s, err := e.stripe.CheckoutSessions.Get(c.Session, p)
	switch {
	case gone(err) || err != nil && !back:
		return unfinished, nil
	case err != nil:
		return underWay, nil
	}
	out, err := e.settle(ctx, s)
	if err != nil {
		return "", err
	}
	if out.State == purchase.Settled {
		return unfinished, nil
	}
	return looking, nil
}

func (e endpoint) settle(ctx context.Context, s *stripe.CheckoutSession) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		out, err = purchase.Settle(ctx, tx, purchase.FromSession(s, e.now()))
		return err
	})
	if err == nil && out.User != uuid.Nil {
		e.gate.Forget(ctx, out.User)
	}
	return out, err
}

// gone reports whether Stripe knows no such session.
func gone(err error) bool {
	refusal, ok := errors.AsType[*stripe.Error](err)
	return ok && refusal.HTTPStatusCode == http.StatusNotFound
}

// says returns what to say of a purchase.
func (c checkout) says() string {
	switch c.Status {
	case "completed":
		return granted
	case "refunded":
		return refunded
	}
	return underWay
}

func missing() error {
	return fault.New(fault.NotFound, "There is no such order among yours. Your orders list all there are.")
}

// find returns a checkout of a user with all that came of it.
func find(ctx context.Context, q db.Querier, user, id uuid.UUID) (checkout, error) {
	var c checkout
	err := q.QueryRow(ctx, `
		SELECT c.module_type, m.title, coalesce(p.amount, c.amount), c.currency, c.state,
		       coalesce(c.stripe_session_id, ''), coalesce(p.status, ''),
		       coalesce((
		           SELECT jsonb_agg(jsonb_build_object('Key', o.key, 'Title', o.title) ORDER BY o.key)
		           FROM opened_by(c.module_type) b
		           JOIN modules o ON o.key = b AND o.includes = '{}'), '[]')
		FROM checkouts c
		JOIN modules m ON m.key = c.module_type
		LEFT JOIN purchases p ON p.checkout_id = c.id
		WHERE c.id = $1 AND c.user_id = $2`, id, user,
	).Scan(&c.Module, &c.Title, &c.Amount, &c.Currency, &c.State, &c.Session, &c.Status, &c.Opens)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, missing()
	}
	if err != nil {
		return c, fmt.Errorf("checkout %s of %s: %w", id, user, err)
	}
	return c, nil
}
