package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// TokenPrefix marks an author's token, so that a leaked one is recognised.
const TokenPrefix = "hbk_"

// Token is an author's token as its owner sees it, without the secret.
type Token struct {
	ID       uuid.UUID
	Name     string
	Since    time.Time
	LastUsed *time.Time
}

// NewToken makes a token for a user and returns its id and itself, which is
// shown this once.
func NewToken(ctx context.Context, q db.Querier, user uuid.UUID, name string) (id uuid.UUID, secret string, err error) {
	secret, _ = NewSecret()
	secret = TokenPrefix + secret
	if id, err = uuid.NewV7(); err != nil {
		return id, "", err
	}
	_, err = q.Exec(ctx, `
		INSERT INTO tokens (id, user_id, token, name)
		VALUES ($1, $2, $3, $4)`, id, user, Hash(secret), name)
	if err != nil {
		return id, "", fmt.Errorf("new token of %s: %w", user, err)
	}
	return id, secret, nil
}

// Tokens returns a user's tokens that are not revoked, the newest first.
func Tokens(ctx context.Context, q db.Querier, user uuid.UUID) ([]Token, error) {
	rows, err := q.Query(ctx, `
		SELECT id, name, created_at, last_used
		FROM tokens
		WHERE user_id = $1 AND revoked_at IS NULL
		ORDER BY id DESC`, user)
	if err != nil {
		return nil, fmt.Errorf("tokens of %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
}

// OwnsToken reports whether a token is one of a user's, and not revoked.
func OwnsToken(ctx context.Context, q db.Querier, user uuid.UUID, secret string) (mine bool, err error) {
	err = q.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM tokens
			WHERE token = $1 AND user_id = $2 AND revoked_at IS NULL)`, Hash(secret), user).Scan(&mine)
	if err != nil {
		return false, fmt.Errorf("is a token of %s: %w", user, err)
	}
	return mine, nil
}

// RevokeToken ends one token of a user.
func RevokeToken(ctx context.Context, q db.Querier, user, token uuid.UUID) error {
	tag, err := q.Exec(ctx, `
		UPDATE tokens
		SET revoked_at = now()
		WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL`, token, user)
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", token, err)
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.NotFound, "That token is revoked already: there is nothing left to do.")
	}
	return nil
}
