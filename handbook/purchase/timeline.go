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
	Note     string    `json:"note,omitempty"` // ids and causes, for operators only
}

// Timeline tells in words why a user may read what they may: payments, what
// Stripe told, what was opened and closed, and mails, the oldest first.
func Timeline(ctx context.Context, q db.Querier, user uuid.UUID) ([]Moment, error) {
	return tell(ctx, q, user, false)
}

// History tells an operator the same of somebody else, with all mails, the
// ids under which Stripe and the jobs know things, and what went wrong.
func History(ctx context.Context, q db.Querier, user uuid.UUID) ([]Moment, error) {
	return tell(ctx, q, user, true)
}

func tell(ctx context.Context, q db.Querier, user uuid.UUID, operator bool) ([]Moment, error) {
	rows, err := q.Query(ctx, timeline, user, operator)
	if err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", user, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Moment, err error) {
		var what, thing string
		if err := row.Scan(&m.At, &what, &thing, &m.Note, &m.Amount, &m.Currency); err != nil {
			return m, err
		}
		own, other := words(what)
		if m.Text = fmt.Sprintf(own, thing); operator {
			m.Text = fmt.Sprintf(other, thing)
		} else {
			m.Note = ""
		}
		return m, nil
	})
	if err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", user, err)
	}
	return all, nil
}

// words returns how something that happened is told to whom it happened to,
// and to an operator.
func words(what string) (own, other string) {
	switch what {
	case "went":
		return "You went to pay for %s.", "Went to pay for %s."
	case "told quarantined":
		return "Stripe's message %s did not agree with your order: a person looks at it.", "Stripe's message %s is in quarantine and changed nothing."
	case "told ignored":
		return "Stripe's message %s came.", "Stripe's message %s came; nothing follows from it."
	case "told settled":
		return "Stripe's message %s came.", "Stripe's message %s came."
	case "fact submitted":
		return "You ordered %s; your bank had not sent the payment yet.", "Ordered %s; the bank had not sent the payment yet."
	case "fact failed":
		return "Your bank did not send the payment for %s.", "The bank did not send the payment for %s."
	case "fact paid":
		return "You paid for %s.", "Paid for %s."
	case "fact free":
		return "You got %s, with nothing to pay.", "Got %s, with nothing to pay."
	case "fact withdrawn":
		return "Your free order of %s was taken back.", "The free order of %s was taken back by an operator."
	case "fact partly_refunded":
		return "You got a part of your payment for %s back.", "Got a part of the payment for %s back."
	case "fact refunded":
		return "You got your payment for %s back.", "Got the payment for %s back."
	case "fact disputed":
		return "Your bank asked for the payment for %s back: what it had opened was closed until the bank decides.", "The bank asked for the payment for %s back: what it had opened was closed until the bank decides."
	case "fact dispute_won":
		return "Your bank decided that the payment for %s stands: what it had opened was opened again.", "The bank decided that the payment for %s stands: what it had opened was opened again."
	case "fact dispute_lost":
		return "Your bank took the payment for %s back.", "The bank took the payment for %s back."
	case "bought":
		return "%s was opened, as you bought it.", "%s was opened, as it was bought."
	case "given":
		return "%s was given to you.", "%s was given by an operator."
	case "gift":
		return "%s was opened with the code of a gift.", "%s was opened with the code of a gift."
	case "gift closed":
		return "%s was closed, as the gift does not count any more.", "%s was closed, as the gift does not count any more."
	case "bought closed":
		return "%s, as far as this payment had opened it, was closed.", "%s, as far as this payment had opened it, was closed."
	case "given closed":
		return "%s, which was given to you, was closed.", "%s, which was given, was taken back by an operator."
	case "given over":
		return "%s, which was given to you for a time, was closed.", "%s, which was given for a time, was closed."
	case "back duplicate":
		return "Your payment for %s bought what another one had opened: we began to give it back.", "The payment for %s bought what another one had opened: giving it back began."
	case "back":
		return "We began to give your payment for %s back.", "An operator had the payment for %s given back."
	case "mail sent":
		return `We sent you the mail "%s".`, `The mail "%s" was sent.`
	case "mail failed":
		return `Your mailbox refused the mail "%s".`, `The mail "%s" was refused for good.`
	}
	return `The mail "%s" is on its way to you.`, `The mail "%s" is not sent yet.`
}

// timeline lets what happened in the same second, as Stripe knows no less,
// follow its cause: rank. With $2 it tells all that an operator asks for; else,
// of Stripe's messages, only what has not become a payment or the like.
const timeline = `
WITH mine AS (
	SELECT c.*, CASE WHEN c.gift THEN m.title || ' as a gift' ELSE m.title END AS title
	FROM checkouts c
	JOIN modules m ON m.key = c.module_type
	WHERE c.user_id = $1),
opened AS (
	SELECT g.*, m.title, CASE WHEN g.purchase_id IS NOT NULL THEN 'bought' WHEN g.gift_id IS NOT NULL THEN 'gift' ELSE 'given' END AS how
	FROM grants g
	JOIN modules m ON m.key = g.module_key
	WHERE g.user_id = $1),
told AS (
	SELECT *
	FROM events_of(ARRAY(SELECT id FROM mine)))
SELECT at, what, thing, coalesce(note, ''), amount, currency
FROM (
	SELECT created_at AS at, 1 AS rank, 'went' AS what, title AS thing, concat_ws(', ', 'order ' || id, stripe_session_id) AS note, amount, currency
	FROM mine
	UNION ALL
	SELECT received_at, 2, 'told ' || state, type, concat_ws(': ', id, nullif(reason, '')), 0, ''
	FROM told
	WHERE $2 OR state = 'quarantined'
	UNION ALL
	SELECT f.at, CASE WHEN f.kind IN ('partly_refunded', 'refunded') THEN 6 ELSE 3 END, 'fact ' || CASE WHEN f.kind = 'paid' AND f.amount = 0 THEN 'free' ELSE f.kind END, mine.title,
	       concat_ws(', ', 'payment ' || f.stripe_payment_id, CASE f.kind WHEN 'withdrawn' THEN 'operator ' || f.source END), f.amount, f.currency
	FROM payment_facts f
	JOIN mine ON mine.id = f.checkout_id
	UNION ALL
	SELECT created_at, 4, how, title, CASE how WHEN 'given' THEN concat_ws(', ', nullif(reason, ''), 'until ' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) END, 0, ''
	FROM opened
	UNION ALL
	SELECT revoked_at, 7, how || ' closed', title, revoke_reason, 0, ''
	FROM opened
	WHERE revoked_at IS NOT NULL
	UNION ALL
	SELECT expires_at, 7, 'given over', title, '', 0, ''
	FROM opened
	WHERE revoked_at IS NULL AND expires_at <= now()
	UNION ALL
	SELECT r.created_at, 5, CASE reason WHEN 'duplicate' THEN 'back duplicate' ELSE 'back' END, m.title,
	       'payment ' || r.stripe_payment_id || coalesce(', refund ' || r.stripe_refund_id, ', Stripe has not answered yet'), r.amount, r.currency
	FROM refunds r
	JOIN modules m ON m.key = r.module_type
	WHERE r.user_id = $1
	UNION ALL
	SELECT coalesce(sent_at, created_at), 8, 'mail ' || state, subject, concat_ws(': ', 'to ' || address, CASE WHEN state <> 'sent' THEN (
			SELECT o.error
			FROM outbox o
			WHERE o.kind IN (mails.kind, 'resend-mail') AND o.error <> '' AND coalesce(substring(mails.cause FROM ':(.*)'), '') IN (
				SELECT v FROM jsonb_each_text(o.payload) AS each (k, v))
			ORDER BY o.id DESC
			LIMIT 1) END), 0, ''
	FROM mails
	WHERE user_id = $1 AND ($2 OR kind IN ('purchase-confirmation', 'payment-failed', 'refund-notice', 'grant-given', 'grant-closed', 'gift-closed'))
	UNION ALL
	SELECT coalesce(sent_at, created_at), 8, 'mail ' || state, subject, 'to ' || address, 0, ''
	FROM mails
	WHERE $2 AND user_id IS NULL AND address <> '' AND address = (SELECT email FROM users WHERE id = $1) AND created_at > now() - interval '7 days'
	) AS moments
ORDER BY date_trunc('second', at), rank, at, thing, what`
