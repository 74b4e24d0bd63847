package purchase

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Moment is one thing that happened to what somebody may read.
type Moment struct {
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
	Amount   int       `json:"amount"` // in cents; 0 where no money moved
	Currency string    `json:"currency,omitempty"`
}

// Timeline tells in words why a user may read what they may: payments, what
// Stripe told, what was opened and closed, and mails, the oldest first.
func Timeline(ctx context.Context, q db.Querier, user uuid.UUID) ([]Moment, error) {
	rows, err := q.Query(ctx, timeline, user)
	if err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", user, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Moment])
	if err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", user, err)
	}
	return all, nil
}

// timeline lets what happened at the same moment follow its cause: rank.
const timeline = `
WITH mine AS (
	SELECT c.*, m.title
	FROM checkouts c
	JOIN modules m ON m.key = c.module_type
	WHERE c.user_id = $1),
opened AS (
	SELECT g.*, m.title
	FROM grants g
	JOIN modules m ON m.key = g.module_key
	WHERE g.user_id = $1),
told AS (
	SELECT e.*
	FROM stripe_events e
	WHERE e.payload #>> '{data,object,metadata,checkout}' IN (SELECT id::text FROM mine)
	   OR e.payload #>> '{data,object,payment_intent}' IN (SELECT f.stripe_payment_id FROM payment_facts f JOIN mine ON mine.id = f.checkout_id))
SELECT at, text, amount, currency
FROM (
	SELECT created_at AS at, 1 AS rank, 'You went to pay for ' || title || '.' AS text, amount, currency
	FROM mine
	UNION ALL
	SELECT received_at, 2, CASE state
			WHEN 'quarantined' THEN 'Stripe''s message ' || type || ' did not agree with your order: a person looks at it.'
			ELSE 'Stripe''s message ' || type || ' came.' END, 0, ''
	FROM told
	UNION ALL
	SELECT f.at, 3, CASE f.kind
			WHEN 'submitted' THEN 'You ordered ' || mine.title || '; your bank had not sent the payment yet.'
			WHEN 'failed' THEN 'Your bank did not send the payment for ' || mine.title || '.'
			WHEN 'paid' THEN 'You paid for ' || mine.title || '.'
			WHEN 'partly_refunded' THEN 'You got a part of your payment for ' || mine.title || ' back.'
			WHEN 'refunded' THEN 'You got your payment for ' || mine.title || ' back.'
			WHEN 'disputed' THEN 'Your bank asked for the payment for ' || mine.title || ' back.'
			WHEN 'dispute_won' THEN 'Your bank decided that the payment for ' || mine.title || ' stands.'
			ELSE 'Your bank took the payment for ' || mine.title || ' back.' END, f.amount, f.currency
	FROM payment_facts f
	JOIN mine ON mine.id = f.checkout_id
	UNION ALL
	SELECT created_at, 4, title || CASE WHEN purchase_id IS NULL THEN ' was given to you.' ELSE ' was opened, as you bought it.' END, 0, ''
	FROM opened
	UNION ALL
	SELECT revoked_at, 5, title || CASE WHEN purchase_id IS NULL THEN ', which was given to you, was closed.' ELSE ', as far as this payment had opened it, was closed.' END, 0, ''
	FROM opened
	WHERE revoked_at IS NOT NULL
	UNION ALL
	SELECT expires_at, 5, title || ', which was given to you for a time, was closed.', 0, ''
	FROM opened
	WHERE revoked_at IS NULL AND expires_at <= now()
	UNION ALL
	SELECT r.created_at, 6, 'Your payment for ' || m.title || ' bought what another one had opened: we began to give it back.', r.amount, r.currency
	FROM refunds r
	JOIN modules m ON m.key = r.module_type
	WHERE r.user_id = $1
	UNION ALL
	SELECT coalesce(sent_at, created_at), 7, CASE state
			WHEN 'sent' THEN 'We sent you the mail "' || subject || '".'
			WHEN 'failed' THEN 'Your mailbox refused the mail "' || subject || '".'
			ELSE 'The mail "' || subject || '" is on its way to you.' END, 0, ''
	FROM mails
	WHERE user_id = $1 AND kind IN ('purchase-confirmation', 'refund-notice')) AS moments
ORDER BY at, rank, text`
