// Package upkeep deletes what nobody needs any more. What may still have to
// be looked into stays: jobs that are dead, mails, everything about money
// that was paid. Of a deleted account no address stays.
package upkeep

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// batch bounds the rows of one statement, so that its locks are short.
const batch = 1000

// Jobs are the jobs of this package.
type Jobs struct {
	DB *db.Pool
}

// chore is one kind of row to delete: old selects the ids of $1 rows.
type chore struct {
	table string
	old   string
}

// chores lists them all. An expired checkout can no longer be paid; the days
// are for what is said of it late.
func chores() []chore {
	return []chore{
		{"outbox", `SELECT id FROM outbox WHERE state = 'done' AND finished_at < now() - interval '7 days' LIMIT $1`},
		{"sessions", `SELECT id FROM sessions WHERE expires < now() LIMIT $1`},
		{"sign_in_requests", `SELECT id FROM sign_in_requests WHERE created_at < now() - interval '1 day' LIMIT $1`},
		{"licences", `SELECT id FROM licences WHERE expires_at < now() - interval '30 days' LIMIT $1`},
		{"checkouts", `
			SELECT id FROM checkouts c
			WHERE state = 'expired' AND greatest(created_at, expires_at) < now() - interval '30 days'
			  AND NOT EXISTS (SELECT FROM purchases WHERE checkout_id = c.id)
			  AND NOT EXISTS (SELECT FROM payment_facts WHERE checkout_id = c.id)
			LIMIT $1`},
	}
}

// Upkeep does all chores. One that fails does not hold up the others.
func (j Jobs) Upkeep(ctx context.Context, _ job.Upkeep) error {
	deleted := map[string]int64{}
	var faults []error
	for _, c := range chores() {
		n, err := j.do(ctx, c)
		deleted[c.table] = n
		faults = append(faults, err)
	}
	if err := errors.Join(append(faults, j.scrub(ctx), j.forget(ctx))...); err != nil {
		return err
	}
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error { return queue.Finish(ctx, tx, deleted) })
}

// do deletes batch after batch, for as long as the job is this worker's.
func (j Jobs) do(ctx context.Context, c chore) (deleted int64, err error) {
	for {
		if err := queue.Say(ctx, "%s: %d deleted", c.table, deleted); err != nil {
			return deleted, err
		}
		tag, err := j.DB.Exec(ctx, `DELETE FROM `+c.table+` WHERE id = ANY(ARRAY(`+c.old+`))`, batch)
		if err != nil {
			return deleted, fmt.Errorf("delete old rows of %s: %w", c.table, err)
		}
		deleted += tag.RowsAffected()
		if tag.RowsAffected() < batch {
			return deleted, nil
		}
	}
}

// scrub removes the addresses of deleted accounts that could not be told
// goodbye, or of a refund, in three days, which is longer than it is tried; and
// those that a code was mailed to and no account has.
func (j Jobs) scrub(ctx context.Context) error {
	_, err := j.DB.Exec(ctx, `
		UPDATE mails
		SET address = '', state = CASE state WHEN 'pending' THEN 'failed' ELSE state END
		WHERE (kind = $1 OR kind = $2 AND user_id IS NULL OR kind = $3 AND NOT EXISTS (SELECT FROM users WHERE email = address))
		  AND address <> '' AND created_at < now() - interval '3 days'`,
		job.Goodbye{}.Job().Kind, job.RefundNotice{}.Job().Kind, job.SignInCode{}.Job().Kind)
	if err != nil {
		return fmt.Errorf("scrub mails to deleted accounts: %w", err)
	}
	return nil
}

// forget drops what banks told, two months ago, of payments that bought nothing
// here, as others sell at the same Stripe account: a dispute does not tell who.
// Where the sale itself waits for an operator, its disputes wait with it.
func (j Jobs) forget(ctx context.Context) error {
	_, err := j.DB.Exec(ctx, `
		WITH strange AS (
			DELETE FROM payment_facts f
			WHERE checkout_id IS NULL
			  AND NOT EXISTS (
				SELECT FROM payment_facts
				WHERE stripe_payment_id = f.stripe_payment_id AND (checkout_id IS NOT NULL OR at > now() - interval '60 days'))
			  AND NOT EXISTS (SELECT FROM purchases WHERE stripe_payment_id = f.stripe_payment_id)
			  AND NOT EXISTS (SELECT FROM ledger WHERE stripe_payment_id = f.stripe_payment_id)
			  AND NOT EXISTS (SELECT FROM stripe_events WHERE state = 'quarantined' AND payload #>> '{data,object,payment_intent}' = f.stripe_payment_id)
			RETURNING stripe_payment_id)
		UPDATE stripe_events
		SET state = 'ignored', reason = 'its payment bought nothing here'
		WHERE state = 'settled' AND payload #>> '{data,object,payment_intent}' IN (SELECT stripe_payment_id FROM strange)`)
	if err != nil {
		return fmt.Errorf("forget what was told of payments to others: %w", err)
	}
	return nil
}
