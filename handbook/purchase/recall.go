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

// SoldElsewhere reports whether a session is of a handbook, but does not lead
// back to site.
func SoldElsewhere(site string, s *stripe.CheckoutSession) bool {
	return s.Metadata[checkoutMark] != "" && !strings.HasPrefix(s.SuccessURL, site+"/orders/")
}

// Recall writes the row of a checkout again that was lost with everything
// younger than a backup, as the session at Stripe has it, and reports whether it
// was missing. Those of other sites are not this handbook's. The buyer of an account that is lost too is nobody, so that
// what was paid is given back. One that is open is written as expired where the
// backup has an older one as open, of which there is one at most. What was paid
// is not settled by it.
func Recall(ctx context.Context, q db.Querier, site string, s *stripe.CheckoutSession) (bool, error) {
	id, err := uuid.Parse(s.Metadata[checkoutMark])
	if err != nil || SoldElsewhere(site, s) {
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
		SELECT $1, buyer, key, $4, $5, $6, '{}', CASE WHEN EXISTS (
		           SELECT FROM checkouts
		           WHERE user_id = buyer AND module_type = key AND gift = $13 AND state = 'open') THEN 'expired' ELSE $7 END,
		       $8, $9, $10, $11, $12, $13, $10, $14
		FROM modules, (SELECT (SELECT id FROM users WHERE id = $2)) AS known (buyer)
		WHERE key = $3
		ON CONFLICT (id) DO NOTHING`,
		id, buyer, s.Metadata[moduleMark], s.AmountSubtotal, s.Currency, s.Livemode, state, s.ID, s.URL, began, time.Unix(s.ExpiresAt, 0), m.Credited, m.Gift, m.Terms)
	if err != nil {
		return false, fmt.Errorf("recall checkout %s of session %s: %w", id, s.ID, err)
	}
	return tag.RowsAffected() > 0, nil
}
