package purchase

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Holding is what somebody has of a module. Its zero value: nothing.
type Holding struct {
	Owned bool       `json:"owned"`           // without end
	Until *time.Time `json:"until,omitempty"` // it is open, where it is not owned
}

// Open reports whether the module may be read.
func (h Holding) Open() bool { return h.Owned || h.Until != nil }

// Last returns the last day of a module that is open for a time.
func (h Holding) Last() string { return h.Until.UTC().Add(-time.Second).Format("2 January 2006") }

// Holdings is what one user has, by module.
type Holdings map[string]Holding

// HoldingsOf returns what a user has, by whatever they bought or were given;
// the zero user has nothing.
func HoldingsOf(ctx context.Context, q db.Querier, user uuid.UUID) (Holdings, error) {
	all := Holdings{}
	if user == uuid.Nil {
		return all, nil
	}
	rows, err := q.Query(ctx, `
		SELECT o, bool_or(g.expires_at IS NULL), CASE WHEN bool_and(g.expires_at IS NOT NULL) THEN max(g.expires_at) END
		FROM grants g, opened_by(g.module_key) o
		WHERE g.user_id = $1 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now())
		GROUP BY o`, user)
	if err != nil {
		return nil, fmt.Errorf("holdings of %s: %w", user, err)
	}
	var module string
	var h Holding
	_, err = pgx.ForEachRow(rows, []any{&module, &h.Owned, &h.Until}, func() error {
		all[module] = h
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("holdings of %s: %w", user, err)
	}
	return all, nil
}

// Of returns what there is of a module. Whoever has all that a bundle includes
// has the bundle, until the first of it ends.
func (all Holdings) Of(module string, includes []string) Holding {
	h := all[module]
	if h.Owned || len(includes) == 0 {
		return h
	}
	parts := Holding{Owned: true}
	for _, key := range includes {
		part := all[key]
		if !part.Open() {
			return h
		}
		if part.Until != nil && (parts.Until == nil || part.Until.Before(*parts.Until)) {
			parts = Holding{Until: part.Until}
		}
	}
	return parts
}
