package purchase

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Held is, in SQL, whether a bank asks for the payment of purchases p back and
// has not decided yet: nothing is refunded, and what it opened is closed.
const Held = `(p.status = 'completed' AND (
			EXISTS (SELECT FROM grants WHERE purchase_id = p.id AND revoked_at IS NOT NULL)
			OR EXISTS (SELECT FROM gifts WHERE stripe_payment_id = p.stripe_payment_id AND voided_at IS NOT NULL)))`

// Unsure is an order whose buyer need not pay again, though it opens nothing at
// the moment: its payment is under way, or held.
type Unsure struct {
	Order uuid.UUID
	Held  bool
}

// UnsureOf returns the order that may open a module to a user yet, nil if there
// is none.
func UnsureOf(ctx context.Context, q db.Querier, user uuid.UUID, module string) (*Unsure, error) {
	if user == uuid.Nil {
		return nil, nil
	}
	var u Unsure
	err := q.QueryRow(ctx, `
		SELECT c.id, `+Held+`
		FROM purchases p
		JOIN checkouts c ON c.id = p.checkout_id
		WHERE p.user_id = $1 AND $2 IN (SELECT opened_by(p.module_type)) AND NOT c.gift
		  AND (p.status = 'pending' OR `+Held+`)
		ORDER BY p.purchased_at DESC
		LIMIT 1`, user, module).Scan(&u.Order, &u.Held)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("unsure orders of %q by %s: %w", module, user, err)
	}
	return &u, nil
}
