package purchase

import (
	"context"
	"fmt"
	"slices"

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
	Seen   bool      // it needs no more than an operator's eyes and hands
	User   uuid.UUID // whose grants may have changed: the buyer's, or of a gift its reader's; zero if nobody's
}

// Settle takes in what Stripe tells about a payment and writes all that
// follows from everything known about it. Any order, repetition and number of
// callers at once gives the same rows. The caller drops what it remembers of
// the outcome's user once tx has committed.
func Settle(ctx context.Context, tx pgx.Tx, r Report) (Outcome, error) {
	if r.unpaid != "" {
		return bounced(ctx, tx, r)
	}
	if r.dispute {
		if len(r.facts) == 0 {
			return Outcome{State: Ignored, Reason: "an inquiry: no money is taken"}, nil
		}
		var err error
		if r.checkout, err = find(ctx, tx, r.payment); err != nil {
			return Outcome{}, fmt.Errorf("checkout of payment %s: %w", r.payment, err)
		}
		if r.checkout == "" {
			return early(ctx, tx, r)
		}
	}
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
	reader, err := write(ctx, tx, r, k, s)
	if err != nil {
		return Outcome{}, fmt.Errorf("settle payment %s of checkout %s: %w", r.payment, k.checkout, err)
	}
	return Outcome{State: Settled, User: reader}, follow(ctx, tx, r, k, s)
}

// bounced tells of a refund of ours that did not reach the payer.
func bounced(ctx context.Context, tx pgx.Tx, r Report) (Outcome, error) {
	checkout, err := find(ctx, tx, r.payment)
	if err != nil {
		return Outcome{}, fmt.Errorf("checkout of payment %s: %w", r.payment, err)
	}
	if checkout == "" {
		return Outcome{State: Ignored, Reason: "not sold here"}, nil
	}
	return Outcome{State: Quarantined, Seen: true, Reason: r.unpaid +
		": the payer has not got the money of payment " + r.payment + "; give it back in another way, then replay this event"}, nil
}

// early keeps what is told of a payment before its sale is. Nobody knows yet
// whether it is one of ours; if it is, its sale finds the facts.
func early(ctx context.Context, tx pgx.Tx, r Report) (Outcome, error) {
	if reason := r.absurd(); reason != "" {
		return Outcome{State: Quarantined, Reason: reason}, nil
	}
	var b pgx.Batch
	r.writeFacts(&b, nil)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return Outcome{}, fmt.Errorf("keep facts of payment %s: %w", r.payment, err)
	}
	return Outcome{State: Settled}, nil
}

// follow adds what is to happen later: the buyer is told of the purchase, or
// gets back what was paid for nothing.
func follow(ctx context.Context, tx pgx.Tx, r Report, k known, s Standing) error {
	if k.user == nil {
		return orphan(ctx, tx, r.payment, k, s)
	}
	first := s.Status == "completed" && (k.before() == "" || k.before() == "pending")
	if s.open() && (first || r.dispute) {
		last := r.payment
		if r.dispute {
			last = ""
		}
		back, err := superfluous(ctx, tx, *k.user, last)
		if err != nil || slices.Contains(back, r.payment) {
			return err
		}
	}
	if !first {
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
