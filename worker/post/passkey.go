package post

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
)

// key is what the mail about a new passkey says.
type key struct {
	Name, Email  string
	Device, Date string
	URL, Contact string
}

// PasskeyAdded tells a user of a passkey that was added to their account. One
// that was deleted meanwhile is no news.
func (j Jobs) PasskeyAdded(ctx context.Context, a job.PasskeyAdded) error {
	k := key{URL: j.Config.AuthURL, Contact: j.contact()}
	var added time.Time
	err := j.DB.QueryRow(ctx, `
		SELECT u.email, coalesce(u.name, ''), k.name, k.created_at
		FROM passkeys k
		JOIN users u ON u.id = k.user_id
		WHERE k.id = $1 AND u.id = $2`, a.Passkey, a.User).Scan(&k.Email, &k.Name, &k.Device, &added)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("passkey %s: %w", a.Passkey, err)
	}
	k.Date = added.UTC().Format("2 January 2006, 15:04") + " UTC"
	return j.once(ctx, cause{
		key: "passkey:" + a.Passkey.String(), kind: a.Job().Kind, user: &a.User, to: k.Email, kept: "A passkey was added to your account",
	}, "passkey", k)
}
