package purchase

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/db"
)

// Memory is what Stripe keeps of a checkout's row besides what its session
// tells anyway, so that the row can be written again where it is lost.
type Memory struct {
	Gift     bool
	Credited []string // modules whose price was taken off
	Terms    string   // the version that was agreed to
}

const (
	giftMark     = "gift"
	creditedMark = "credited"
	termsMark    = "terms"
)

// In returns a session's metadata: its marks, and what is kept.
func (m Memory) In(marks map[string]string) map[string]string {
	all := maps.Clone(marks)
	all[termsMark] = m.Terms
	if m.Gift {
		all[giftMark] = "yes"
	}
	if len(m.Credited) > 0 {
		all[creditedMark] = strings.Join(m.Credited, ",")
	}
	return all
}

func remembered(metadata map[string]string) Memory {
	m := Memory{Gift: metadata[giftMark] != "", Credited: []string{}, Terms: metadata[termsMark]}
	if list := metadata[creditedMark]; list != "" {
		m.Credited = strings.Split(list, ",")
	}
	return m
}

// Recall writes the row of a checkout again that was lost with everything
// younger than a backup, as the session at Stripe has it, and reports whether it
// was missing. Sessions that do not lead back to site, where this handbook is,
// are another's. The buyer of an account that is lost too is nobody, so that
// what was paid is given back. What was paid is not settled by it.
func Recall(ctx context.Context, q db.Querier, site string, s *stripe.CheckoutSession) (bool, error) {
	id, err := uuid.Parse(s.Metadata[checkoutMark])
	if err != nil || !strings.HasPrefix(s.SuccessURL, site+"/orders/") {
		return false, nil
	}
	buyer, err := uuid.Parse(s.ClientReferenceID)
	if err != nil {
		return false, nil
	}
	state, m, began := "expired", remembered(s.Metadata), time.Unix(s.Created, 0) // settling makes it complete
	if s.Status == stripe.CheckoutSessionStatusOpen {
		state = "open"
	}
	tag, err := q.Exec(ctx, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, stripe_session_id, url, created_at, expires_at, credited, gift, agreed_at, terms)
		SELECT $1, (SELECT id FROM users WHERE id = $2), key, $4, $5, $6, '{}', $7, $8, $9, $10, $11, $12, $13, $10, $14
		FROM modules
		WHERE key = $3
		ON CONFLICT DO NOTHING`,
		id, buyer, s.Metadata[moduleMark], s.AmountSubtotal, s.Currency, s.Livemode, state, s.ID, s.URL, began, time.Unix(s.ExpiresAt, 0), m.Credited, m.Gift, m.Terms)
	if err != nil {
		return false, fmt.Errorf("recall checkout %s of session %s: %w", id, s.ID, err)
	}
	return tag.RowsAffected() > 0, nil
}
