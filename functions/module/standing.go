package module

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// standing is what the reader has of a module.
type standing struct {
	purchase.Holding
	Order *uuid.UUID `json:"order,omitempty"` // whose payment is under way or held
	Held  bool       `json:"held,omitempty"`  // a bank asks for it back and has not decided yet
}

// stand returns where a user is who holds this much of a module.
func stand(ctx context.Context, q db.Querier, user uuid.UUID, module string, holding purchase.Holding) (s standing, err error) {
	s.Holding = holding
	if s.Owned {
		return s, nil
	}
	unsure, err := purchase.UnsureOf(ctx, q, user, module)
	if unsure != nil {
		s.Order, s.Held = &unsure.Order, unsure.Held
	}
	return s, err
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
