package inbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// Quarantined lists the events that wait for an operator, the oldest first.
func (i Inbox) Quarantined(ctx context.Context) ([]string, error) {
	rows, err := i.db.Query(ctx, `
		SELECT id
		FROM stripe_events
		WHERE state = 'quarantined'
		ORDER BY created, id`)
	if err != nil {
		return nil, fmt.Errorf("quarantined events: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ErrNoEvent is returned for an id that no event has.
var ErrNoEvent = errors.New("no such event")

// Replay judges a quarantined event again, by the rules of this program, and
// writes what follows from it. The object of one that was told in another
// version of the API is read again from Stripe. One that is not quarantined
// stays as it is. Who does so at once with another one settles it twice, from
// which the same follows: the event is held last, as its buyer is before it. by
// says how the operator told so.
func (i Inbox) Replay(ctx context.Context, id, by string) (purchase.Outcome, error) {
	var out purchase.Outcome
	var payload []byte
	err := i.db.QueryRow(ctx, `
		SELECT state, reason, payload
		FROM stripe_events
		WHERE id = $1`, id).Scan(&out.State, &out.Reason, &payload)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, ErrNoEvent
	}
	if err != nil {
		return out, fmt.Errorf("event %s: %w", id, err)
	}
	if out.State != purchase.Quarantined {
		return out, nil
	}
	ev, err := Read(sent(payload))
	if err != nil {
		ev.ID = id // as its row is known, which is all that can be read of it
		return i.again(ctx, ev, quarantined("it is not an event: %v", err), by)
	}
	v := i.judge(ev)
	if !v.foreign {
		return i.again(ctx, ev, v, by)
	}
	renewed, missing, err := i.renew(ctx, ev)
	if err != nil {
		return purchase.Outcome{State: v.state, Reason: v.reason}, fmt.Errorf("event %s of another version: %w", id, err)
	}
	if missing == "" {
		return i.again(ctx, renewed, i.judge(renewed), by)
	}
	v.reason += "; " + missing
	return i.again(ctx, ev, v, by)
}

// again writes what follows from a quarantined event by another verdict. That
// an operator has got it out of there is recorded; what stays there is not.
func (i Inbox) again(ctx context.Context, ev Event, v verdict, by string) (purchase.Outcome, error) {
	out := purchase.Outcome{State: v.state, Reason: v.reason}
	err := db.Tx(ctx, i.db, func(tx pgx.Tx) (err error) {
		if v.state == purchase.Settled {
			if out, err = purchase.Settle(ctx, tx, v.report); err != nil {
				return err
			}
		}
		became, err := rejudged(ctx, tx, ev, out)
		if err != nil || !became || out.State == purchase.Quarantined {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			Action: "event replayed", Subject: audit.Event(ev.ID), Detail: map[string]any{"type": ev.Type, "state": out.State, "by": by},
		})
	})
	if unfit(err) && ev.renewed {
		return i.keepUnfit(ctx, ev, err)
	}
	if unfit(err) { // nothing has changed
		return purchase.Outcome{State: purchase.Quarantined, Reason: err.Error()}, nil
	}
	if err != nil {
		return out, fmt.Errorf("event %s: %w", ev.ID, err)
	}
	i.settled(ctx, out)
	return out, nil
}

// rejudged notes what became of an event, which takes the place of a copy that
// was told in another version. It reports whether anything has changed.
func rejudged(ctx context.Context, tx pgx.Tx, ev Event, out purchase.Outcome) (bool, error) {
	if !ev.renewed {
		tag, err := tx.Exec(ctx, mark, ev.ID, out.State, out.Reason)
		return tag.RowsAffected() > 0, err
	}
	tag, err := tx.Exec(ctx, replace, row(ev, verdict{state: out.State, reason: out.Reason})...)
	return tag.RowsAffected() > 0, err
}

// Seen closes a quarantined event: an operator has done by hand what it asks
// for, and nothing follows from it here. by says how they told so. One that is
// not quarantined stays as it is.
func (i Inbox) Seen(ctx context.Context, id, by string) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, i.db, func(tx pgx.Tx) error {
		var kind string
		err := tx.QueryRow(ctx, `
			UPDATE stripe_events
			SET state = 'ignored', reason = 'an operator saw to it: ' || reason
			WHERE id = $1 AND state = 'quarantined'
			RETURNING type`, id).Scan(&kind)
		if err == nil {
			err = audit.Write(ctx, tx, audit.Entry{Action: "event closed", Subject: audit.Event(id), Detail: map[string]any{"type": kind, "by": by}})
		} else if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			SELECT state, reason
			FROM stripe_events
			WHERE id = $1`, id).Scan(&out.State, &out.Reason)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return out, ErrNoEvent
	}
	if err != nil {
		return out, fmt.Errorf("close event %s: %w", id, err)
	}
	return out, nil
}
