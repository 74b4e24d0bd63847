// Package refund is where operators give a payment back, or take back what was
// bought for nothing.
//
//	GET  /admin/purchases/:purchase/refund   what would be given back, to whom, and the form
//	POST /admin/purchases/:purchase/refund   has all that is left of it given back, or takes it back
//
// The path names a purchase, or, where its account is deleted, the sale in the
// books. What is written is the wish and the job that asks Stripe; the purchase
// changes when Stripe tells that it is done, as for any other refund. The
// amount must be typed, so that no single click gives money away and nobody
// gives back another amount than they see. A module for which a bundle was
// cheaper is given back after the bundle. Where nothing was to pay, nobody asks
// Stripe: the operator's word is the fact from which all follows, at once.
package refund

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), now: p.Now, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/admin/purchases/:purchase/refund", Access: web.Operator, Handle: e.show},
		{Method: "POST", Path: "/admin/purchases/:purchase/refund", Access: web.Operator, Handle: confirm.First(p.DB, "/admin/people", e.order)},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	now    func() time.Time
	notice string
	page   *reader.Page
}

// sale is a payment with all that is known of it.
type sale struct {
	ID          uuid.UUID // as the path names it
	Payment     string    // as Stripe names it
	Module      string
	Title       string
	Currency    string
	Live        bool       // sold with Stripe's live keys
	User        *uuid.UUID // nil once the account is deleted
	Email       string
	Asked       *time.Time // when it began to be given back, nil if it did not
	Done        bool       // Stripe has answered that
	Error       string     // why that will not happen by itself any more
	Cheaper     string     // what was sold for less because of it, and is not given back
	Gift        bool       // sold as a code
	Redeemed    *time.Time // when the code was
	Reader      *uuid.UUID // who did that; nil once that account is deleted
	ReaderEmail string

	purchase.Standing
}

// Free reports whether nothing was to pay.
func (s sale) Free() bool { return s.Status != "" && s.Status != "pending" && s.Amount == 0 }

// Left returns what can be given back, in cents.
func (s sale) Left() int64 { return s.Amount - s.Refunded }

// Price writes an amount in the currency of the sale.
func (s sale) Price(cents int64) string { return reader.Money(int(cents), s.Currency) }

// Refusal says why nothing is given back here, "" if it can be.
func (s sale) Refusal() string {
	switch {
	case s.Lost > 0:
		return "The payer's bank has taken this payment back, so there is nothing left to give."
	case s.Status == "refunded" && s.Free():
		return "This was taken back on " + s.Revoked.UTC().Format("2 January 2006") + "."
	case s.Status == "refunded":
		return "All of this payment was given back on " + s.RefundedAt.UTC().Format("2 January 2006") + "."
	case s.Status == "completed" && !s.Revoked.IsZero():
		return "The payer's bank asks for this payment back, and decides. It cannot be given back meanwhile, or it might be paid twice: answer the dispute in Stripe's dashboard, or accept it there."
	case s.Asked != nil && s.Error != "":
		return "Giving this payment back was begun, and Stripe refused it. Look at it in Stripe's dashboard; then have it tried again with: handbook retry refund-payment."
	case s.Asked != nil && s.Done:
		return "Stripe has given this payment back. The purchase changes as soon as Stripe's message of that is here."
	case s.Asked != nil:
		return "This payment is being given back. Stripe is asked until it answers, and the purchase changes when it tells that it is done."
	case s.Status == "pending":
		return "The bank has not sent this payment yet, so there is nothing to give back."
	case s.Status == "":
		return "Nothing is known to be paid here, so there is nothing to give back."
	case s.Cheaper != "":
		return s.Cheaper + " was sold for less because of this payment, and would be left for the difference. Give that payment back first; then this one can be."
	case s.Left() <= 0 && !s.Free():
		return "Nothing is left of this payment to give back."
	}
	return ""
}

// find returns a sale by the id of its purchase, or of its line in the books.
func find(ctx context.Context, q db.Querier, id uuid.UUID) (sale, error) {
	s := sale{ID: id}
	err := q.QueryRow(ctx, `
		WITH named AS (
			SELECT stripe_payment_id AS payment FROM purchases WHERE id = $1
			UNION
			SELECT stripe_payment_id FROM ledger WHERE id = $1 AND kind = 'sale')
		SELECT n.payment, m.key, m.title || CASE WHEN c.gift THEN ' as a gift' ELSE '' END, coalesce(p.currency, l.currency), coalesce(c.livemode, false), u.id, coalesce(u.email, ''),
		       r.created_at, r.stripe_refund_id IS NOT NULL,
		       coalesce((SELECT error FROM outbox WHERE kind = 'refund-payment' AND state = 'dead' AND payload ->> 'payment' = n.payment ORDER BY id DESC LIMIT 1), ''),
		       coalesce((
				SELECT w.title
				FROM grants g
				JOIN purchases whole ON whole.user_id = g.user_id AND whole.status IN ('pending', 'completed')
				JOIN checkouts wc ON wc.id = whole.checkout_id AND g.module_key = ANY(wc.credited)
				JOIN modules w ON w.key = whole.module_type
				WHERE (g.purchase_id = p.id OR g.gift_id = (SELECT id FROM gifts WHERE stripe_payment_id = n.payment)) AND g.revoked_at IS NULL
				  AND NOT EXISTS (SELECT FROM refunds WHERE stripe_payment_id = whole.stripe_payment_id)
				  AND NOT EXISTS (
					SELECT FROM grants
					WHERE user_id = g.user_id AND module_key = g.module_key AND id <> g.id AND revoked_at IS NULL AND expires_at IS NULL)
				LIMIT 1), ''),
		       f.id IS NOT NULL, f.redeemed_at, reader.id, coalesce(reader.email, '')
		FROM named n
		LEFT JOIN purchases p ON p.stripe_payment_id = n.payment
		LEFT JOIN checkouts c ON c.id = (SELECT checkout_id FROM payment_facts WHERE stripe_payment_id = n.payment AND checkout_id IS NOT NULL LIMIT 1)
		LEFT JOIN ledger l ON l.stripe_payment_id = n.payment AND l.kind = 'sale'
		LEFT JOIN users u ON u.id = p.user_id
		LEFT JOIN gifts f ON f.stripe_payment_id = n.payment
		LEFT JOIN users reader ON reader.id = (SELECT user_id FROM grants WHERE gift_id = f.id)
		LEFT JOIN refunds r ON r.stripe_payment_id = n.payment
		JOIN modules m ON m.key = coalesce(p.module_type, l.module_type)`, id,
	).Scan(&s.Payment, &s.Module, &s.Title, &s.Currency, &s.Live, &s.User, &s.Email, &s.Asked, &s.Done, &s.Error, &s.Cheaper, &s.Gift, &s.Redeemed, &s.Reader, &s.ReaderEmail)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, noSale()
	}
	if err != nil {
		return s, fmt.Errorf("sale %s: %w", id, err)
	}
	rows, err := q.Query(ctx, `
		SELECT kind, source, amount, at
		FROM payment_facts
		WHERE stripe_payment_id = $1`, s.Payment)
	if err != nil {
		return s, fmt.Errorf("facts of payment %s: %w", s.Payment, err)
	}
	facts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f purchase.Fact, err error) {
		return f, row.Scan(&f.Kind, &f.Source, &f.Amount, &f.At)
	})
	if err != nil {
		return s, fmt.Errorf("facts of payment %s: %w", s.Payment, err)
	}
	s.Standing = purchase.State(facts)
	return s, nil
}

func noSale() error {
	return fault.New(fault.NotFound, "There is no such purchase. Look for it among the people, by its order or payment.")
}
