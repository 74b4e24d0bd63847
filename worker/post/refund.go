package post

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/reader"
)

// givenBack is what the mail about a refund says.
type givenBack struct {
	Name, Title string
	Amount      string
	Order       string // the payment, as Stripe names it
	Why         string // duplicate, account_deleted, or else what an operator chose
	Gone        bool   // there is no account any more
	Free        bool   // nothing was paid, so that no money went back
	Gift        bool   // it bought a code to give away
	Stays       bool   // the payer may read all of it still, by what else opens it
	URL         string
	Contact     string
}

// lost lists what user u cannot read any more without purchase p, which refund r
// gives back.
const lost = `
			SELECT b.key
			FROM modules b
			WHERE b.includes = '{}' AND b.key IN (SELECT opened_by(r.module_type)) AND b.key NOT IN (
				SELECT o
				FROM grants g, opened_by(g.module_key) o
				WHERE g.user_id = u.id AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now()) AND (g.purchase_id IS NULL OR g.purchase_id IS DISTINCT FROM p.id))`

// RefundNotice tells a payer that a payment was given back, or that what was
// bought for nothing was taken back. Of an account that
// is deleted, the mail's row holds the address until it is sent; without one
// nobody can be told.
func (j Jobs) RefundNotice(ctx context.Context, a job.RefundNotice) error {
	c := cause{key: "refund:" + a.Payment, kind: a.Job().Kind, kept: "We gave your payment back"}
	g := givenBack{Order: a.Payment, URL: j.Config.AuthURL, Contact: j.contact()}
	var amount int
	var currency string
	err := j.DB.QueryRow(ctx, `
		SELECT u.id, coalesce(u.email, l.address, ''), coalesce(u.name, ''), coalesce(m.title, r.module_type), r.amount, r.currency, r.reason, u.id IS NULL, coalesce(c.gift, false), u.id IS NOT NULL AND NOT EXISTS (`+lost+`)
		FROM (
			SELECT stripe_payment_id, user_id, module_type, amount, currency, reason
			FROM refunds
			UNION ALL
			SELECT f.stripe_payment_id, b.user_id, b.module_type, 0, b.currency, 'withdrawn'
			FROM payment_facts f
			JOIN purchases b ON b.stripe_payment_id = f.stripe_payment_id AND b.amount = 0
			WHERE f.kind = 'withdrawn') r
		LEFT JOIN users u ON u.id = r.user_id
		LEFT JOIN modules m ON m.key = r.module_type
		LEFT JOIN mails l ON l.cause = $2
		LEFT JOIN purchases p ON p.stripe_payment_id = r.stripe_payment_id
		LEFT JOIN checkouts c ON c.id = p.checkout_id
		WHERE r.stripe_payment_id = $1`, a.Payment, c.key,
	).Scan(&c.user, &c.to, &g.Name, &g.Title, &amount, &currency, &g.Why, &g.Gone, &g.Gift, &g.Stays)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && c.to == "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("refund of %s: %w", a.Payment, err)
	}
	g.Amount, g.Free = reader.Money(amount, currency), amount == 0
	if g.Free {
		c.kept = "We took your free order back"
	}
	id, due, err := j.claim(ctx, c)
	if err != nil || !due {
		return err
	}
	err = j.send(ctx, letter{id: id, to: c.to, subject: c.kept, page: "refund", data: g})
	return errors.Join(err, j.forgetNobody(ctx, id, c.user))
}

// forgetNobody forgets the address of a mail that was nobody's.
func (j Jobs) forgetNobody(ctx context.Context, mail uuid.UUID, user *uuid.UUID) error {
	if user != nil {
		return nil
	}
	return forget(ctx, j.DB, mail)
}
