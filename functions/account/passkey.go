package account

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/platform/web"
)

// keysOf tells what a user's passkeys are good for here: where browsers make
// none, nothing.
func (e endpoint) keysOf(ctx context.Context, user uuid.UUID) (k accounts.PasskeyState, err error) {
	if !e.passkeys {
		return k, nil
	}
	return accounts.PasskeysOf(ctx, e.db, user)
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
