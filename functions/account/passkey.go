package account

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/web"
)

// keys is what the pages ask of a user's passkeys.
type keys struct {
	Some  bool // the user has one
	Offer bool // the user should be told of them
}

// keysOf tells what a user's passkeys are good for here: where browsers make
// none, nothing.
func (e endpoint) keysOf(ctx context.Context, user uuid.UUID) (k keys, err error) {
	if !e.passkeys {
		return k, nil
	}
	err = e.db.QueryRow(ctx, `
		SELECT count(k.id) > 0, count(k.id) = 0 AND u.passkey_declined_at IS NULL
		FROM users u
		LEFT JOIN passkeys k ON k.user_id = u.id
		WHERE u.id = $1
		GROUP BY u.id`, user).Scan(&k.Some, &k.Offer)
	if err != nil {
		return k, fmt.Errorf("passkeys of %s: %w", user, err)
	}
	return k, nil
}

// decline keeps that passkeys are not to be offered any more.
func (e endpoint) decline(w http.ResponseWriter, r *http.Request) error {
	user := access.User(r.Context())
	_, err := e.db.Exec(r.Context(), `UPDATE users SET passkey_declined_at = coalesce(passkey_declined_at, now()) WHERE id = $1`, user)
	if err != nil {
		return fmt.Errorf("decline passkeys for %s: %w", user, err)
	}
	return web.SeeOther(w, r, home)
}
