package redeem

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/purchase/gift"
)

// used is what a code did when its reader redeemed it.
type used struct {
	Mark       string
	Key, Title string
	At         time.Time
	Open       bool
}

// Date returns the day for the page.
func (u used) Date() string { return u.At.UTC().Format("2 January 2006") }

// before returns what a code did that a user redeemed before, nil if it is none
// of theirs.
func (e endpoint) before(ctx context.Context, user uuid.UUID, typed string) (*used, error) {
	rows, err := e.db.Query(ctx, `
		SELECT f.mark, m.key, m.title, f.redeemed_at, g.revoked_at IS NULL
		FROM grants g
		JOIN gifts f ON f.id = g.gift_id
		JOIN modules m ON m.key = g.module_key
		WHERE g.user_id = $1 AND f.redeemed_at IS NOT NULL`, user)
	if err != nil {
		return nil, fmt.Errorf("codes that %s redeemed: %w", user, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[used])
	if err != nil {
		return nil, fmt.Errorf("codes that %s redeemed: %w", user, err)
	}
	for _, u := range all {
		if gift.Is(e.secret, u.Mark, typed) {
			return &u, nil
		}
	}
	return nil, nil
}
