package account

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// ChallengeLife is how long a passkey's challenge may be answered.
const ChallengeLife = 5 * time.Minute

// PasskeySite returns the host name that passkeys of the site at this address
// belong to, "" when browsers make none for it: an IP address has no name.
func PasskeySite(address string) string {
	u, err := url.Parse(address)
	if err != nil || net.ParseIP(u.Hostname()) != nil {
		return ""
	}
	return u.Hostname()
}

// KeepChallenge records a challenge that the browser with this secret was
// given. user is who makes a passkey, zero for somebody who signs in. A few
// challenges whose time is over are cleared away.
func KeepChallenge(ctx context.Context, q db.Querier, challenge, browser string, user uuid.UUID, state []byte) error {
	_, err := q.Exec(ctx, `
		WITH over AS (
			SELECT challenge
			FROM passkey_challenges
			WHERE expires_at < now()
			LIMIT 20
			FOR UPDATE SKIP LOCKED
		), cleared AS (
			DELETE FROM passkey_challenges WHERE challenge IN (SELECT challenge FROM over)
		)
		INSERT INTO passkey_challenges (challenge, browser, user_id, state, expires_at)
		VALUES ($1, $2, $3, $4, now() + $5)`,
		Hash(challenge), Hash(browser), owner(user), state, ChallengeLife)
	if err != nil {
		return fmt.Errorf("keep challenge: %w", err)
	}
	return nil
}

// UseChallenge takes a challenge that this browser was given for this user,
// and returns its state. Whatever becomes of the answer, it is used up.
func UseChallenge(ctx context.Context, q db.Querier, challenge, browser string, user uuid.UUID) (state []byte, err error) {
	err = q.QueryRow(ctx, `
		DELETE FROM passkey_challenges
		WHERE challenge = $1 AND browser = $2 AND user_id IS NOT DISTINCT FROM $3 AND expires_at > now()
		RETURNING state`, Hash(challenge), Hash(browser), owner(user)).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.Conflict, "That took longer than five minutes, or was answered already. Please try again.")
	}
	if err != nil {
		return nil, fmt.Errorf("use challenge: %w", err)
	}
	return state, nil
}

// owner is NULL for nobody.
func owner(user uuid.UUID) *uuid.UUID {
	if user == uuid.Nil {
		return nil
	}
	return &user
}
