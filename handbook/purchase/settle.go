package purchase

import (
	"context"
	"fmt"
	"slices"
	"time"

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
	User   uuid.UUID // whose grants may have changed: the buyer's, or of a gift its reader's; zero if nobody's
	Opens  bool      // if they have changed, then by opening
	Paid   time.Time // when the sale was paid that has opened now, as Stripe tells it; zero if none has
}

// Settle takes in what Stripe tells about a payment and writes all that
// follows from everything known about it. Any order, repetition and number of
// callers at once gives the same rows. The caller drops what it remembers of
// the outcome's user once tx has committed.
func Settle(ctx context.Context, tx pgx.Tx, r Report) (Outcome, error) {
	s := NewSettlement(r)
	var b pgx.Batch
	s.Look(&b)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return Outcome{}, fmt.Errorf("payment %s of checkout %q: %w", r.payment, r.checkout, err)
	}
	rest, err := s.Write(ctx, tx)
	if err != nil {
		return Outcome{}, err
	}
	if err := tx.SendBatch(ctx, rest).Close(); err != nil {
		return Outcome{}, fmt.Errorf("settle payment %s of checkout %q: %w", r.payment, r.checkout, err)
	}
	return s.Outcome, nil
}

// Settlement is Settle in two halves, for a caller whose own statements travel
// with theirs.
type Settlement struct {
	Outcome // once what Write returned has been sent

	report Report
	known  known
}

// NewSettlement returns the settlement of a report, which is used once.
func NewSettlement(r Report) *Settlement {
	s := &Settlement{report: r, known: known{fresh: uuid.Must(uuid.NewV7())}}
	switch {
	case r.bare && len(r.facts) == 0:
		s.Outcome = Outcome{State: Ignored, Reason: "an inquiry: no money is taken"}
	case r.checkout == "" && !r.bare && r.unpaid == "":
		s.Outcome = Outcome{State: Ignored, Reason: "not sold here"}
	}
	return s
}

// Look queues the locks and what there is to read.
func (s *Settlement) Look(b *pgx.Batch) {
	if s.State == "" {
		s.known.look(b, s.report)
	}
}

// Write decides by what was read, and returns the statements that are left to
// be sent in tx.
func (s *Settlement) Write(ctx context.Context, tx pgx.Tx) (*pgx.Batch, error) {
	b := &pgx.Batch{}
	k := s.known
	r := s.report.restated(k)
	switch {
	case s.State != "":
		return b, nil
	case r.unpaid != "":
		s.Outcome = bounced(r, k)
		return b, nil
	case r.bare && !k.found:
		s.Outcome = early(b, r)
		return b, nil
	case r.site != "" && !k.found:
		s.Outcome = Outcome{State: Ignored, Reason: "sold at " + r.site + ", not here"}
		return b, nil
	}
	if reason := r.contradicts(k); reason != "" {
		s.Outcome = Outcome{State: Quarantined, Reason: reason}
		return b, nil
	}
	s.State = Settled
	before, standing := State(k.facts), State(append(k.facts, r.facts...))
	s.Opens = standing.open()
	if s.Opens && !k.opened() {
		s.Paid = r.paid()
	}
	write(b, r, k, standing, &s.User)
	b, err := s.touch(ctx, tx, b, before, standing)
	if err != nil {
		return nil, fmt.Errorf("settle payment %s of checkout %s: %w", r.payment, k.checkout, err)
	}
	if k.gift && standing.Status == "refunded" && before.Status != "refunded" {
		if _, err := queue.AddTo(ctx, b, tx, job.GiftClosed{Payment: r.payment}); err != nil {
			return nil, err
		}
	}
	return follow(ctx, tx, b, r, k, standing)
}

// touch sees to what else the reader has: pages on which this payment makes
// something cheaper than it is worth by now, and what they bought while a gift
// did not count that counts again.
func (s *Settlement) touch(ctx context.Context, tx pgx.Tx, b *pgx.Batch, before, after Standing) (*pgx.Batch, error) {
	k := s.known
	switch {
	case k.opened() && (!after.open() || after.Refunded > before.Refunded):
		return sent(ctx, tx, b, func() error { return closePages(ctx, tx, s.User, k.module) })
	case k.gift && after.open() && before.Status != "" && !before.open():
		return sent(ctx, tx, b, func() error {
			_, err := superfluous(ctx, tx, s.User, "")
			return err
		})
	}
	return b, nil
}

// sent sends b and then goes on, with what b has written there to be read, and
// known whose it is.
func sent(ctx context.Context, tx pgx.Tx, b *pgx.Batch, then func() error) (*pgx.Batch, error) {
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	return &pgx.Batch{}, then()
}

// bounced tells of a refund of ours that did not reach the payer.
func bounced(r Report, k known) Outcome {
	if !k.found {
		return Outcome{State: Ignored, Reason: "not sold here"}
	}
	return Outcome{State: Quarantined, Reason: r.unpaid +
		": the payer has not got the money of payment " + r.payment + "; give it back in another way, then close this event with handbook replay --seen"}
}

// early keeps what is told of a payment before its sale is. Nobody knows yet
// whether it is one of ours; if it is, its sale finds the facts.
func early(b *pgx.Batch, r Report) Outcome {
	if reason := r.absurd(); reason != "" {
		return Outcome{State: Quarantined, Reason: reason}
	}
	r.writeFacts(b, nil)
	return Outcome{State: Settled}
}

// follow adds what is to happen later: the buyer is told of the purchase, or
// that the money for it will not come, or gets back what was paid for nothing. Only who has bought more than this can
// have paid for nothing: then b is sent first, so that it is seen what stands.
func follow(ctx context.Context, tx pgx.Tx, b *pgx.Batch, r Report, k known, s Standing) (_ *pgx.Batch, err error) {
	if k.user == nil {
		return b, orphan(ctx, tx, r.payment, k, s)
	}
	if s.Failed && !State(k.facts).Failed {
		_, err = queue.AddTo(ctx, b, tx, job.PaymentFailed{Checkout: k.checkout})
		return b, err
	}
	first := s.Status == "completed" && (k.before() == "" || k.before() == "pending")
	if s.open() && (first || r.bare) && k.more {
		last := r.payment
		if r.bare {
			last = ""
		}
		var back []string
		b, err = sent(ctx, tx, b, func() error {
			back, err = superfluous(ctx, tx, *k.user, last)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("settle payment %s of checkout %s: %w", r.payment, k.checkout, err)
		}
		if slices.Contains(back, r.payment) {
			return b, nil
		}
	}
	if !first {
		return b, nil
	}
	_, err = queue.AddTo(ctx, b, tx, job.PurchaseConfirmation{Purchase: k.purchase()})
	return b, err
}

// Owns reports whether a user may read a module without end, by whatever they
// bought or were given; of a bundle, all of its modules. Whoever was given one
// for a time may buy it.
func Owns(ctx context.Context, q db.Querier, user uuid.UUID, module string) (bool, error) {
	var owns bool
	err := q.QueryRow(ctx, `
		WITH mine AS (
			SELECT o
			FROM grants g, opened_by(g.module_key) o
			WHERE g.user_id = $1 AND g.revoked_at IS NULL AND g.expires_at IS NULL)
		SELECT m.key IN (SELECT o FROM mine)
		    OR m.includes <> '{}' AND m.includes <@ ARRAY(SELECT o FROM mine)
		FROM modules m
		WHERE m.key = $2`, user, module).Scan(&owns)
	if err != nil {
		return false, fmt.Errorf("does %s own %q: %w", user, module, err)
	}
	return owns, nil
}

// Waits reports whether a user has paid for a module of their own, and the money
// is under way.
func Waits(ctx context.Context, q db.Querier, user uuid.UUID, module string) (bool, error) {
	var waits bool
	err := q.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM purchases p
			LEFT JOIN checkouts c ON c.id = p.checkout_id
			WHERE p.user_id = $1 AND p.module_type = $2 AND p.status = 'pending' AND NOT coalesce(c.gift, false))`, user, module).Scan(&waits)
	if err != nil {
		return false, fmt.Errorf("pending purchase of %q by %s: %w", module, user, err)
	}
	return waits, nil
}
