package purchase

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// What became of a report; the words are those of the inbox.
const (
	Settled     = "settled"
	Ignored     = "ignored"     // somebody else's sale on the same Stripe account
	Quarantined = "quarantined" // it changed nothing, and waits for an operator
)

// Outcome is what became of a report.
type Outcome struct {
	State  string
	Reason string    // why it was not settled
	User   uuid.UUID // the buyer, whose grants may have changed; zero if there is none
}

// Settle takes in what Stripe tells about a payment and writes all that
// follows from everything known about it. Any order, repetition and number of
// callers at once gives the same rows. The caller drops what it remembers of
// the outcome's user once tx has committed.
func Settle(ctx context.Context, tx pgx.Tx, r Report) (Outcome, error) {
	if r.checkout == "" {
		return Outcome{State: Ignored, Reason: "not sold here"}, nil
	}
	k, err := look(ctx, tx, r)
	if err != nil {
		return Outcome{}, fmt.Errorf("payment %s of checkout %q: %w", r.payment, r.checkout, err)
	}
	if reason := r.contradicts(k); reason != "" {
		return Outcome{State: Quarantined, Reason: reason}, nil
	}
	s := State(append(k.facts, r.facts...))
	if err := write(ctx, tx, r, k, s); err != nil {
		return Outcome{}, fmt.Errorf("settle payment %s of checkout %s: %w", r.payment, k.checkout, err)
	}
	if k.user == nil {
		return orphaned(s), nil
	}
	return Outcome{State: Settled, User: *k.user}, tell(ctx, tx, k, s)
}

// orphaned is what becomes of the payment of an account that was deleted: it
// is in the books, but nobody can be given anything.
func orphaned(s Standing) Outcome {
	if s.Status == "completed" {
		return Outcome{State: Quarantined, Reason: "the buyer's account is deleted: refund the payment"}
	}
	return Outcome{State: Settled}
}

// tell has the buyer told when the purchase becomes completed first.
func tell(ctx context.Context, tx pgx.Tx, k known, s Standing) error {
	if s.Status != "completed" || k.before() != "" && k.before() != "pending" {
		return nil
	}
	_, err := queue.Add(ctx, tx, job.PurchaseConfirmation{Purchase: k.purchase()})
	return err
}

// Owns reports whether a user may already read a module, by whatever they
// bought or were given; of a bundle, all of its modules.
func Owns(ctx context.Context, q db.Querier, user uuid.UUID, module string) (bool, error) {
	var owns bool
	err := q.QueryRow(ctx, `
		WITH mine AS (
			SELECT o
			FROM grants g, opened_by(g.module_key) o
			WHERE g.user_id = $1 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now()))
		SELECT m.key IN (SELECT o FROM mine)
		    OR m.includes <> '{}' AND m.includes <@ ARRAY(SELECT o FROM mine)
		FROM modules m
		WHERE m.key = $2`, user, module).Scan(&owns)
	if err != nil {
		return false, fmt.Errorf("does %s own %q: %w", user, module, err)
	}
	return owns, nil
}
