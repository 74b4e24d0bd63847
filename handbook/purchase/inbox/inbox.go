// Package inbox takes in the events of Stripe, each once, however often and by
// whatever way it comes: the webhook brings it, the reconciler finds it, an
// operator has it judged again.
//
// One transaction writes the event and all that follows from it. What is not
// understood, or does not agree with what was sold, changes nothing: it is kept
// as quarantined, and Replay judges it again by the rules of a later program.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
)

// Inbox is a small value, made where it is needed.
type Inbox struct {
	db     *db.Pool
	gate   access.Gate
	config *config.Config
}

// Of returns the inbox of a process.
func Of(p *platform.Platform) Inbox {
	return Inbox{db: p.DB, gate: access.NewGate(p), config: p.Config}
}

// Take writes an event and what follows from it. An event that came before
// changes nothing, and its outcome is what it would be if it were the first.
func (i Inbox) Take(ctx context.Context, ev Event) (out purchase.Outcome, err error) {
	v := i.judge(ev)
	err = db.Tx(ctx, i.db, func(tx pgx.Tx) error {
		out = purchase.Outcome{State: v.state, Reason: v.reason}
		first, err := store(ctx, tx, ev, v)
		if err != nil || !first || v.state != purchase.Settled {
			return err
		}
		if out, err = purchase.Settle(ctx, tx, v.report); err != nil || out.State == purchase.Settled {
			return err
		}
		return mark(ctx, tx, ev.ID, out)
	})
	if unfit(err) {
		return i.keepUnfit(ctx, ev, err)
	}
	if err == nil {
		i.forget(ctx, out)
	}
	return out, err
}

// Settle takes in what was read from Stripe without an event.
func (i Inbox) Settle(ctx context.Context, r purchase.Report) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, i.db, func(tx pgx.Tx) error {
		out, err = purchase.Settle(ctx, tx, r)
		return err
	})
	if err == nil {
		i.forget(ctx, out)
	}
	return out, err
}

// forget drops what is remembered of somebody whose grants may have changed.
func (i Inbox) forget(ctx context.Context, out purchase.Outcome) {
	if out.User != uuid.Nil {
		i.gate.Forget(ctx, out.User)
	}
}

// store writes the event into the inbox and reports whether it came first. A
// copy that comes at the same time waits here for the other's commit.
func store(ctx context.Context, tx pgx.Tx, ev Event, v verdict) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, reason, payload)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT DO NOTHING`,
		ev.ID, ev.Type, ev.APIVersion, ev.Live, ev.At(), v.state, v.reason, ev.body)
	if err != nil {
		return false, fmt.Errorf("store event %s: %w", ev.ID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// mark notes what became of an event after all.
func mark(ctx context.Context, tx pgx.Tx, id string, out purchase.Outcome) error {
	_, err := tx.Exec(ctx, `
		UPDATE stripe_events
		SET state = $2, reason = $3
		WHERE id = $1 AND (state, reason) IS DISTINCT FROM ($2, $3)`, id, out.State, out.Reason)
	if err != nil {
		return fmt.Errorf("mark event %s: %w", id, err)
	}
	return nil
}

// unfit reports whether PostgreSQL can never take what an event holds, such as
// a NUL in a text.
func unfit(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "22")
}

// wrapped is how an event is kept that cannot be stored as it is.
type wrapped struct {
	Base64 []byte `json:"base64"`
}

// keepUnfit stores such an event for a person to look at.
func (i Inbox) keepUnfit(ctx context.Context, ev Event, cause error) (purchase.Outcome, error) {
	v := quarantined("it cannot be stored as it is: %v", cause)
	ev.body, _ = json.Marshal(wrapped{ev.body}) // never fails
	return purchase.Outcome{State: v.state, Reason: v.reason}, db.Tx(ctx, i.db, func(tx pgx.Tx) error {
		_, err := store(ctx, tx, ev, v)
		return err
	})
}
