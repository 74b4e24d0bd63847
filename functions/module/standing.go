package module

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// standing is what the reader has of a module.
type standing struct {
	Owned bool       `json:"owned"`           // without end
	Until *time.Time `json:"until,omitempty"` // it is open, where it is not owned
	Order *uuid.UUID `json:"order,omitempty"` // whose payment is under way
}

// Last returns the last day of a module that is open for a time.
func (s standing) Last() string { return s.Until.UTC().Add(-time.Second).Format("2 January 2006") }

// stand returns what the reader has of a module, which is open to them or not.
func stand(ctx context.Context, q db.Querier, module string, open bool) (s standing, err error) {
	user := access.User(ctx)
	if user == uuid.Nil {
		return s, nil
	}
	if open {
		if s.Owned, err = purchase.Owns(ctx, q, user, module); s.Owned || err != nil {
			return s, err
		}
	}
	err = q.QueryRow(ctx, `
		SELECT (
			SELECT max(g.expires_at)
			FROM grants g
			WHERE g.user_id = $1 AND g.revoked_at IS NULL AND g.expires_at > now() AND $2 IN (SELECT opened_by(g.module_key))), (
			SELECT p.checkout_id
			FROM purchases p
			JOIN checkouts c ON c.id = p.checkout_id
			WHERE p.user_id = $1 AND p.module_type = $2 AND p.status = 'pending' AND NOT c.gift
			ORDER BY p.purchased_at DESC
			LIMIT 1)`, user, module).Scan(&s.Until, &s.Order)
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
