package purchase

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// least is what a bundle costs at least who owns most of it, in cents: Stripe
// takes no smaller payment.
const least = 50

// Price is what one person pays for a module.
type Price struct {
	Title    string
	Amount   int // in cents
	Full     int // what everybody else pays
	Currency string
	Credited []string // keys of the owned modules for which the bundle is cheaper, sorted
	Owned    []string // their titles
	Missing  int      // what the other modules cost one by one; 0 where not all are on sale in this currency
}

// Why says why somebody pays less than others, "" where they do not.
func (p Price) Why() string {
	if p.Amount >= p.Full {
		return ""
	}
	why := "You own " + strings.Join(p.Owned, " and ") + " already, so you pay the difference."
	if 0 < p.Missing && p.Missing < p.Amount { // as a part was bought for less than it costs
		why += " What you do not have yet costs less by itself."
	}
	return why
}

// PriceFor returns what a user pays for a module that is on sale, and an error
// that is pgx.ErrNoRows for one that is not. Who owns some of a bundle's
// modules for good pays the difference to what was paid for them, be it by
// whoever gave them: the price then, less the discount, and less the share of
// it that went back or is about to. So what was free, or given by an operator,
// makes nothing cheaper. The zero user owns nothing.
func PriceFor(ctx context.Context, q db.Querier, user uuid.UUID, module string) (Price, error) {
	var p Price
	var credit int
	err := q.QueryRow(ctx, `
		WITH credited AS (
			SELECT part.key, part.title, max(worth) AS worth
			FROM modules m
			JOIN modules part ON part.key = ANY (m.includes) AND part.currency = m.currency
			JOIN grants g ON g.user_id = $2 AND g.module_key = part.key AND g.revoked_at IS NULL AND g.expires_at IS NULL
			LEFT JOIN purchases p ON p.id = g.purchase_id
			LEFT JOIN gifts ON gifts.id = g.gift_id
			CROSS JOIN LATERAL worth_of(coalesce(p.stripe_payment_id, gifts.stripe_payment_id), m.currency) AS worth
			WHERE m.key = $1
			GROUP BY part.key, part.title
			HAVING max(worth) > 0),
		missing AS (
			SELECT CASE WHEN bool_and(part.currency = m.currency AND EXISTS (SELECT FROM content_versions WHERE module_id = part.key AND is_active)) THEN sum(part.price) END AS price
			FROM modules m
			JOIN modules part ON part.key = ANY (m.includes)
			WHERE m.key = $1 AND NOT EXISTS (SELECT FROM grants WHERE user_id = $2 AND module_key = part.key AND revoked_at IS NULL AND expires_at IS NULL))
		SELECT title, price, currency, coalesce((SELECT sum(worth) FROM credited), 0)::bigint, ARRAY(SELECT key FROM credited ORDER BY key), ARRAY(SELECT title FROM credited ORDER BY key),
		       coalesce((SELECT price FROM missing), 0)::bigint
		FROM modules
		WHERE key = $1 AND EXISTS (SELECT FROM content_versions WHERE module_id = key AND is_active)`, module, user,
	).Scan(&p.Title, &p.Full, &p.Currency, &credit, &p.Credited, &p.Owned, &p.Missing)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, fmt.Errorf("%q is not on sale: %w", module, err)
	}
	if err != nil {
		return p, fmt.Errorf("price of %q for %s: %w", module, user, err)
	}
	p.Amount = p.Full
	if credit > 0 {
		p.Amount = max(p.Full-credit, min(p.Full, least))
	}
	return p, nil
}
