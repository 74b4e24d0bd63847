package stripehook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// store writes the event into the inbox and reports whether it came first. A
// copy that comes at the same time waits here for the other's commit.
func store(ctx context.Context, tx pgx.Tx, ev event, v verdict) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO stripe_events (id, type, api_version, livemode, created, state, reason, payload)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT DO NOTHING`,
		ev.ID, ev.Type, ev.APIVersion, ev.Live, ev.at(), v.state, v.reason, ev.body)
	if err != nil {
		return false, fmt.Errorf("store event %s: %w", ev.ID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// mark notes that an event was not settled after all.
func mark(ctx context.Context, tx pgx.Tx, id string, out purchase.Outcome) error {
	_, err := tx.Exec(ctx, `
		UPDATE stripe_events
		SET state = $2, reason = $3
		WHERE id = $1`, id, out.State, out.Reason)
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

// keepUnfit stores such an event for a person to look at, as base64.
func keepUnfit(ctx context.Context, p *db.Pool, ev event, cause error) (purchase.Outcome, error) {
	v := quarantined("it cannot be stored as it is: %v", cause)
	ev.body, _ = json.Marshal(map[string][]byte{"base64": ev.body}) // never fails
	return purchase.Outcome{State: v.state, Reason: v.reason}, db.Tx(ctx, p, func(tx pgx.Tx) error {
		_, err := store(ctx, tx, ev, v)
		return err
	})
}
