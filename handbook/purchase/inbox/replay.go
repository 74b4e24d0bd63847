package inbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// Quarantined lists the events that wait for an operator and that other rules
// may settle, the oldest first. A refund that failed is not among them: it
// waits for an operator's hands.
func (i Inbox) Quarantined(ctx context.Context) ([]string, error) {
	rows, err := i.db.Query(ctx, `
		SELECT id
		FROM stripe_events
		WHERE state = 'quarantined' AND type NOT LIKE '%refund.updated' AND type <> 'refund.failed'
		ORDER BY created, id`)
	if err != nil {
		return nil, fmt.Errorf("quarantined events: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ErrNoEvent is returned for an id that no event has.
var ErrNoEvent = errors.New("no such event")

// Replay judges a quarantined event again, by the rules of this program, and
// writes what follows from it. One that is not quarantined stays as it is. Of
// one that only needs an operator, that is how they say that it is done. Who
// does so at once with another one settles it twice, from which the same
// follows: the event is held last, as its buyer is before it.
func (i Inbox) Replay(ctx context.Context, id string) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, i.db, func(tx pgx.Tx) error {
		var payload []byte
		err := tx.QueryRow(ctx, `
			SELECT state, reason, payload
			FROM stripe_events
			WHERE id = $1`, id).Scan(&out.State, &out.Reason, &payload)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoEvent
		}
		if err != nil || out.State != purchase.Quarantined {
			return err
		}
		if out, err = i.again(ctx, tx, payload); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, mark, id, out.State, out.Reason)
		return err
	})
	if unfit(err) { // nothing has changed
		return purchase.Outcome{State: purchase.Quarantined, Reason: err.Error()}, nil
	}
	if err != nil {
		return out, fmt.Errorf("event %s: %w", id, err)
	}
	i.forget(ctx, out)
	return out, nil
}

func (i Inbox) again(ctx context.Context, tx pgx.Tx, payload []byte) (purchase.Outcome, error) {
	ev, err := Read(sent(payload))
	if err != nil {
		return purchase.Outcome{State: purchase.Quarantined, Reason: fmt.Sprintf("it is not an event: %v", err)}, nil
	}
	v := i.judge(ev)
	if v.state != purchase.Settled {
		return purchase.Outcome{State: v.state, Reason: v.reason}, nil
	}
	out, err := purchase.Settle(ctx, tx, v.report)
	if out.Seen {
		out.State, out.Reason = purchase.Ignored, "an operator saw to it: "+out.Reason
	}
	return out, err
}
