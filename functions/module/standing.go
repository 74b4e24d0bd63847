package module

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// standing is what the reader has of a module.
type standing struct {
	purchase.Holding
	Order *uuid.UUID `json:"order,omitempty"` // whose payment is under way
}

// stand returns where a user is who holds this much of a module.
func stand(ctx context.Context, q db.Querier, user uuid.UUID, module string, holding purchase.Holding) (s standing, err error) {
	s.Holding = holding
	if user == uuid.Nil || s.Owned {
		return s, nil
	}
	err = q.QueryRow(ctx, `
		SELECT (
			SELECT p.checkout_id
			FROM purchases p
			JOIN checkouts c ON c.id = p.checkout_id
			WHERE p.user_id = $1 AND p.module_type = $2 AND p.status = 'pending' AND NOT c.gift
			ORDER BY p.purchased_at DESC
			LIMIT 1)`, user, module).Scan(&s.Order)
	if err != nil {
		return s, fmt.Errorf("what %s has of %q: %w", user, module, err)
	}
	return s, nil
}

// News returns what is new, without the line breaks of its source within a
// paragraph or an item of a list.
func (o outline) News() string {
	var b strings.Builder
	for i, line := range strings.Split(o.Changelog, "\n") {
		line = strings.TrimSpace(line)
		item := strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ")
		switch {
		case i == 0:
		case line == "" || item || strings.HasSuffix(b.String(), "\n"):
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	return b.String()
}
