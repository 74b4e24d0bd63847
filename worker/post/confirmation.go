package post

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/purchase/gift"
	"pilothandbook/platform/db"
	"pilothandbook/reader"
)

// receipt is what the confirmation of a purchase says.
type receipt struct {
	Name, Email  string
	Title        string
	Amount, Date string
	Less, Tax    string // discount, and the tax in the amount; "" where there is none
	Order        string // the payment, as Stripe names it
	Page         string // of the order, below URL; "" if there is none
	Free         bool   // nothing was to pay, so that there is no receipt
	Code         string // of a gift
	Opens        []module
	URL, Contact string
}

// module is a module that can be read now.
type module struct{ Key, Title string }

// Confirmation tells a buyer what was bought. A purchase that was refunded in
// the meantime gets none.
func (j Jobs) Confirmation(ctx context.Context, a job.PurchaseConfirmation) error {
	b, err := bought(ctx, j.DB, a.Purchase)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && b.status != "completed" {
		return nil
	}
	if err != nil {
		return err
	}
	opens, err := opened(ctx, j.DB, b.module)
	if err != nil {
		return err
	}
	c := cause{key: "purchase:" + a.Purchase.String(), kind: a.Job().Kind, user: &b.user, to: b.email, kept: "Your purchase: " + b.title}
	page := "confirmation"
	r := b.receipt()
	r.Opens, r.URL, r.Contact = opens, j.Config.AuthURL, j.contact()
	if b.mark != "" {
		c.kept, page = "Your gift: "+b.title, "gift"
		r.Code = gift.Code(j.Config.AuthSecret.Reveal(), b.mark)
	}
	return j.once(ctx, c, page, r)
}

func (b purchase) receipt() receipt {
	r := receipt{
		Name: b.name, Email: b.email, Title: b.title, Free: b.amount == 0,
		Amount: reader.Money(b.amount, b.currency), Date: b.at.UTC().Format("2 January 2006"), Order: b.payment,
	}
	if b.checkout != nil {
		r.Page = "/orders/" + b.checkout.String()
	}
	if b.discount > 0 {
		r.Less = reader.Money(b.discount, b.currency)
	}
	if b.tax > 0 {
		r.Tax = reader.Money(b.tax, b.currency)
	}
	return r
}

// purchase is a row of purchases with its buyer and module.
type purchase struct {
	user        uuid.UUID
	email, name string

	module, title    string
	amount           int
	currency, status string
	payment          string
	at               time.Time
	discount, tax    int
	checkout         *uuid.UUID
	mark             string // of a gift; "" if it is none
}

func bought(ctx context.Context, q db.Querier, id uuid.UUID) (purchase, error) {
	var b purchase
	err := q.QueryRow(ctx, `
		SELECT u.id, u.email, coalesce(u.name, ''), m.key, m.title, p.amount, p.currency, p.status, p.stripe_payment_id, p.purchased_at,
		       p.discount, p.tax, p.checkout_id, coalesce(g.mark, '')
		FROM purchases p
		LEFT JOIN gifts g ON g.stripe_payment_id = p.stripe_payment_id
		JOIN users u ON u.id = p.user_id
		JOIN modules m ON m.key = p.module_type
		WHERE p.id = $1`, id,
	).Scan(&b.user, &b.email, &b.name, &b.module, &b.title, &b.amount, &b.currency, &b.status, &b.payment, &b.at,
		&b.discount, &b.tax, &b.checkout, &b.mark)
	if err != nil {
		return b, fmt.Errorf("purchase %s: %w", id, err)
	}
	return b, nil
}

// opened returns what a bought module opens; a bundle is nothing to read.
func opened(ctx context.Context, q db.Querier, key string) ([]module, error) {
	rows, err := q.Query(ctx, `
		SELECT key, title
		FROM modules
		WHERE key IN (SELECT opened_by($1)) AND includes = '{}'
		ORDER BY title`, key)
	if err != nil {
		return nil, fmt.Errorf("opened by %q: %w", key, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[module])
}

// contact returns where readers write to.
func (j Jobs) contact() string {
	return j.Config.Contact()
}
