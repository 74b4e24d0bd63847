// Package audit keeps the record of who did what to whom: what operators do,
// and what somebody does to an account of their own that cannot be taken back.
// The record only grows, which the database sees to.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Entry is one thing that was done. Detail holds ids and words of ours, never
// a secret, an address, or what somebody typed: it can never be changed, not
// even when an account is deleted.
type Entry struct {
	Actor   uuid.UUID // who did it; zero for the handbook itself
	Action  string    // such as "grant revoked"
	Subject string    // to whom or what, such as User(id)
	Detail  map[string]any
}

// Write adds an entry, in the transaction of what it tells about.
func Write(ctx context.Context, tx pgx.Tx, e Entry) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("detail of %s: %w", e.Action, err)
	}
	if e.Detail == nil {
		detail = []byte("{}")
	}
	var actor *uuid.UUID
	if e.Actor != uuid.Nil {
		actor = &e.Actor
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO audit_log (id, actor, action, subject, detail)
		VALUES ($1, $2, $3, $4, $5)`, id, actor, e.Action, e.Subject, detail)
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", e.Action, e.Subject, err)
	}
	return nil
}

// User names a user as a subject.
func User(id uuid.UUID) string { return "user:" + id.String() }
