package purchase

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/queue"
)

// superfluous notes all payments of a user that bought what another one of
// theirs holds open, has them given back, and returns them. Of two for the
// same thing last is, which nobody was told of, else the later; of a module
// and a bundle of it the module's, unless the bundle was cheaper because of
// it: so it does not matter which of two pages that were open at once was paid
// first. What a gift had opened before is paid for nothing, too: before it was
// paid, or before anybody here knew, as last tells. What is noted stays so.
func superfluous(ctx context.Context, tx pgx.Tx, user uuid.UUID, last string) (back []string, err error) {
	rows, err := tx.Query(ctx, `
		WITH live AS (
			SELECT p.stripe_payment_id AS payment, p.module_type AS module, p.amount, p.currency, p.purchased_at, coalesce(c.credited, '{}') AS credited
			FROM purchases p
			LEFT JOIN checkouts c ON c.id = p.checkout_id
			WHERE p.user_id = $1 AND p.status = 'completed'
			  AND EXISTS (SELECT FROM grants WHERE purchase_id = p.id AND revoked_at IS NULL)
			  AND NOT EXISTS (SELECT FROM refunds WHERE stripe_payment_id = p.stripe_payment_id)),
		kept AS (
			SELECT DISTINCT ON (module) *
			FROM live
			ORDER BY module, payment = $2, purchased_at, payment),
		back AS (
			SELECT * FROM live WHERE payment NOT IN (SELECT payment FROM kept)
			UNION
			SELECT part.*
			FROM kept part
			JOIN kept whole ON whole.module <> part.module AND part.module IN (SELECT opened_by(whole.module))
			               AND part.module <> ALL (whole.credited)
			UNION
			SELECT live.*
			FROM live
			JOIN grants g ON g.user_id = $1 AND g.gift_id IS NOT NULL AND g.revoked_at IS NULL AND (g.created_at < live.purchased_at OR live.payment = $2)
			             AND live.module IN (SELECT opened_by(g.module_key)))
		INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason)
		SELECT gen_random_uuid(), payment, $1, module, amount, currency, 'duplicate'
		FROM back
		WHERE amount > 0
		ON CONFLICT (stripe_payment_id) DO NOTHING
		RETURNING stripe_payment_id, module_type`, user, last)
	if err != nil {
		return nil, fmt.Errorf("superfluous payments of %s: %w", user, err)
	}
	var payment, module string
	var modules []string
	_, err = pgx.ForEachRow(rows, []any{&payment, &module}, func() error {
		back, modules = append(back, payment), append(modules, module)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("superfluous payments of %s: %w", user, err)
	}
	for _, payment := range back {
		if _, err := queue.Add(ctx, tx, job.RefundPayment{Payment: payment}); err != nil {
			return nil, err
		}
	}
	return back, closePages(ctx, tx, user, modules...)
}

// closePages has the pages closed on which a reader could pay the difference to
// modules of theirs that count for less by now, or are theirs no more.
func closePages(ctx context.Context, tx pgx.Tx, reader uuid.UUID, modules ...string) error {
	if len(modules) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT stripe_session_id
		FROM checkouts
		WHERE user_id = $1 AND state = 'open' AND credited && $2 AND stripe_session_id IS NOT NULL`, reader, modules)
	if err != nil {
		return fmt.Errorf("checkouts cheaper for %q of %s: %w", modules, reader, err)
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("checkouts cheaper for %q of %s: %w", modules, reader, err)
	}
	for _, s := range sessions {
		if _, err := queue.Add(ctx, tx, job.CloseCheckout{Session: s}); err != nil {
			return err
		}
	}
	return nil
}

// orphan has the payment of an account that was deleted given back: it is in
// the books, but nobody can be given anything. One that was paid while there
// was an account bought something, and is nobody's to give back unasked. Which
// of the two it is is noted when it is first told as paid, as one that is
// disputed then is given back only once that is won.
func orphan(ctx context.Context, tx pgx.Tx, payment string, k known, s Standing) error {
	if s.Status != "completed" {
		return nil
	}
	var orphaned bool
	err := tx.QueryRow(ctx, `
		UPDATE checkouts
		SET orphaned = orphaned OR $2
		WHERE id = $1
		RETURNING orphaned`, k.checkout, !k.paid()).Scan(&orphaned)
	if err != nil {
		return fmt.Errorf("payment %s of a deleted account: %w", payment, err)
	}
	if !orphaned || !s.open() || s.Amount <= s.Refunded {
		return nil
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason)
		VALUES (gen_random_uuid(), $1, $2, $3, $4, 'account_deleted')
		ON CONFLICT (stripe_payment_id) DO NOTHING`, payment, k.module, s.Amount-s.Refunded, k.currency)
	if err != nil {
		return fmt.Errorf("refund payment %s of a deleted account: %w", payment, err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	_, err = queue.Add(ctx, tx, job.RefundPayment{Payment: payment})
	return err
}
