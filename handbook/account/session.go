package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// A session ends after Idle without use, and after Absolute in any case. That
// it was used is written at most every SeenEvery.
const (
	Idle      = 14 * 24 * time.Hour
	Absolute  = 90 * 24 * time.Hour
	SeenEvery = 10 * time.Minute
)

// SessionCookie names the cookie that holds a session's secret.
const SessionCookie = "session"

// Begin opens a session on a device and returns its secret, for the cookie.
// verified says that its reader has shown more than that they have the device:
// then it counts as a fresh sign-in.
func Begin(ctx context.Context, tx pgx.Tx, user uuid.UUID, device string, verified bool) (secret string, err error) {
	secret, hash := NewSecret()
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO sessions (id, session_token, user_id, expires, device, verified_at)
		VALUES ($1, $2, $3, now() + $4, $5, CASE WHEN $6 THEN now() ELSE 'epoch' END)`, id, hash, user, Absolute, device, verified)
	if err != nil {
		return "", fmt.Errorf("begin session of %s: %w", user, err)
	}
	return secret, nil
}

// Verify records that the reader of a session has just shown who they are.
func Verify(ctx context.Context, q db.Querier, user, session uuid.UUID) error {
	tag, err := q.Exec(ctx, `UPDATE sessions SET verified_at = now() WHERE id = $1 AND user_id = $2`, session, user)
	if err != nil {
		return fmt.Errorf("verify session %s: %w", session, err)
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.SignedOut, "You were signed out meanwhile. Please sign in to go on.")
	}
	return nil
}

// Device is a session as its owner sees it.
type Device struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"`
	Expires time.Time `json:"expires"`
}

// Devices returns a user's open sessions, the last used first.
func Devices(ctx context.Context, q db.Querier, user uuid.UUID) ([]Device, error) {
	rows, err := q.Query(ctx, `
		SELECT id, device, created_at, last_seen_at, expires
		FROM sessions
		WHERE user_id = $1 AND expires > now() AND last_seen_at > now() - $2::interval
		ORDER BY last_seen_at DESC, id`, user, Idle)
	if err != nil {
		return nil, fmt.Errorf("devices of %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Device])
}

// End ends one session of a user, and returns the hash of its secret.
func End(ctx context.Context, q db.Querier, user, session uuid.UUID) (hash []byte, err error) {
	err = q.QueryRow(ctx, `
		DELETE FROM sessions
		WHERE id = $1 AND user_id = $2
		RETURNING session_token`, session, user).Scan(&hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "That device is not signed in any more: there is nothing left to do. Your devices show those that are.")
	}
	if err != nil {
		return nil, fmt.Errorf("end session %s: %w", session, err)
	}
	return hash, nil
}

// EndAll ends all sessions of a user, and returns the hashes of their secrets.
func EndAll(ctx context.Context, q db.Querier, user uuid.UUID) (hashes [][]byte, err error) {
	rows, err := q.Query(ctx, `
		DELETE FROM sessions
		WHERE user_id = $1
		RETURNING session_token`, user)
	if err != nil {
		return nil, fmt.Errorf("end sessions of %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[[]byte])
}
