package post

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
)

// failure is a payment that did not come.
type failure struct {
	Name, Email  string
	Title        string
	Gift         bool
	Page         string // of the module
	URL, Contact string

	user uuid.UUID
}

// PaymentFailed tells a buyer that the money that was under way will not come,
// unless it did after all. Nobody looks at the order's page for days.
func (j Jobs) PaymentFailed(ctx context.Context, a job.PaymentFailed) error {
	f := failure{URL: j.Config.AuthURL, Contact: j.contact()}
	err := j.DB.QueryRow(ctx, `
		SELECT u.id, coalesce(u.name, ''), u.email, m.title, c.gift, $2 || '/modules/' || m.key
		FROM checkouts c
		JOIN users u ON u.id = c.user_id
		JOIN modules m ON m.key = c.module_type
		WHERE c.id = $1
		  AND EXISTS (SELECT FROM payment_facts WHERE checkout_id = c.id AND kind = 'failed')
		  AND NOT EXISTS (SELECT FROM payment_facts WHERE checkout_id = c.id AND kind = 'paid')`, a.Checkout, j.Config.AuthURL,
	).Scan(&f.user, &f.Name, &f.Email, &f.Title, &f.Gift, &f.Page)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("failed payment of checkout %s: %w", a.Checkout, err)
	}
	return j.once(ctx, cause{
		key: "payment-failed:" + a.Checkout.String(), kind: a.Job().Kind, user: &f.user, to: f.Email, kept: "Your payment did not go through: " + f.Title,
	}, "failed", f)
}
