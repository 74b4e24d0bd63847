package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

// changeLife is how long a change of address can be confirmed.
const changeLife = 30 * time.Minute

// Change is a change of address under way.
type Change struct {
	ID      uuid.UUID
	User    uuid.UUID
	Email   string // the new address
	Former  string // the old one, once the change is made
	Expires time.Time
	code    []byte
	wrong   int
	used    bool
	expired bool
}

var errGuessedChange = fault.New(fault.TooMany, "Too many wrong codes were entered for this address today. Start the change again tomorrow, or choose another address.")

// Over returns why the change can be confirmed no more, in words for the
// reader; nil if it can.
func (c *Change) Over() error {
	switch {
	case c.used:
		return fault.New(fault.Conflict, "This change was made already. Your account shows the address that it has now.")
	case c.expired:
		return fault.New(fault.Conflict, "That code is older than half an hour. Start the change again.")
	case c.wrong >= wrongLimit:
		return fault.New(fault.TooMany, "Five wrong codes were entered. Start the change again.")
	}
	return nil
}

// AskChange records that a user wants another address, and has a code mailed
// there. Whether somebody else has it is told to nobody but its owner.
func AskChange(ctx context.Context, tx pgx.Tx, user uuid.UUID, email string) (uuid.UUID, error) {
	if err := spareChange(ctx, tx, user, email); err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO email_changes (id, user_id, email, expires_at)
		VALUES ($1, $2, $3, now() + $4)`, id, user, email, changeLife)
	if err != nil {
		return uuid.Nil, fmt.Errorf("ask for another address of %s: %w", user, err)
	}
	_, err = queue.Add(ctx, tx, job.EmailChangeCode{Change: id})
	return id, err
}

// spareChange refuses a mail to an address, or for a user, that had enough of
// them. Requests for one address wait for each other.
func spareChange(ctx context.Context, tx pgx.Tx, user uuid.UUID, email string) error {
	if _, err := tx.Exec(ctx, `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, user); err != nil {
		return fmt.Errorf("lock user %s: %w", user, err)
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('sign-in:' || $1, 0))`, email); err != nil {
		return fmt.Errorf("lock changes to an address: %w", err)
	}
	var asked int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM email_changes WHERE user_id = $1 AND created_at > now() - interval '1 hour'`, user).Scan(&asked)
	if err != nil {
		return fmt.Errorf("recent changes of address: %w", err)
	}
	sent, err := lane{email: email}.mails(ctx, tx)
	if err != nil {
		return err
	}
	if max(asked, sent) >= perHour {
		return fault.New(fault.TooMany, "Five codes were sent within the hour. Use the newest mail, or try again later.")
	}
	return nil
}

// ForgetChanges deletes a user's changes of address, whose mails still count
// for the hour and whose wrong codes for the day: else whoever deletes an
// account could have mails sent, and guess, anew.
func ForgetChanges(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		WITH gone AS (
			DELETE FROM email_changes
			WHERE user_id = $1
			RETURNING email, wrong, created_at)
		INSERT INTO sign_in_requests (id, email, browser, wrong, created_at, expires_at, replaced_at)
		SELECT gen_random_uuid(), `+blurred("email")+`, '', wrong, created_at, created_at, now()
		FROM gone
		WHERE created_at > now() - interval '1 day'`, user)
	if err != nil {
		return fmt.Errorf("forget changes of address of %s: %w", user, err)
	}
	return nil
}

// FindChange returns a change of address; lock holds it for the transaction.
func FindChange(ctx context.Context, q db.Querier, id uuid.UUID, lock bool) (*Change, error) {
	sql := `
		SELECT user_id, email, coalesce(former, ''), expires_at, code, wrong, used_at IS NOT NULL, expires_at <= now()
		FROM email_changes
		WHERE id = $1`
	if lock {
		sql += ` FOR UPDATE`
	}
	c := &Change{ID: id}
	err := q.QueryRow(ctx, sql, id).Scan(&c.User, &c.Email, &c.Former, &c.Expires, &c.code, &c.wrong, &c.used, &c.expired)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "There is no such change of address. Start it again.")
	}
	if err != nil {
		return nil, fmt.Errorf("change of address %s: %w", id, err)
	}
	return c, nil
}

// MakeChangeCode makes a fresh code for a change, and stores a keyed hash of
// it. An earlier one no longer counts.
func MakeChangeCode(ctx context.Context, q db.Querier, secret string, change uuid.UUID) (digits string, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	digits = fmt.Sprintf("%06d", n)
	_, err = q.Exec(ctx, `UPDATE email_changes SET code = $2 WHERE id = $1`, change, keyed(secret, change, digits))
	if err != nil {
		return "", fmt.Errorf("make code of change %s: %w", change, err)
	}
	return digits, nil
}

// ConfirmChange makes a user's change of address if digits are its code, ends
// all of the user's sessions, and has the old address told. It returns the
// hashes of the sessions' secrets. A wrong code is counted, whatever the
// caller does with refused; err is a failure, after which nothing was done.
func ConfirmChange(ctx context.Context, tx pgx.Tx, secret string, user, change uuid.UUID, digits string) (ended [][]byte, refused, err error) {
	if _, err := tx.Exec(ctx, `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, user); err != nil {
		return nil, nil, fmt.Errorf("hold user %s: %w", user, err)
	}
	c, err := FindChange(ctx, tx, change, true)
	if err != nil {
		return nil, nil, err
	}
	if c.User != user {
		return nil, nil, fault.New(fault.NotFound, "There is no such change of address. Start it again.")
	}
	if refused := c.Over(); refused != nil {
		return nil, refused, nil
	}
	if guessed, err := (lane{email: c.Email}).guessed(ctx, tx); guessed || err != nil {
		return nil, errGuessedChange, err
	}
	if !hmac.Equal(keyed(secret, change, digits), c.code) {
		if _, err := tx.Exec(ctx, `UPDATE email_changes SET wrong = wrong + 1 WHERE id = $1`, change); err != nil {
			return nil, nil, fmt.Errorf("count wrong code of %s: %w", change, err)
		}
		return nil, errWrong, nil
	}
	ended, err = c.make(ctx, tx)
	return ended, nil, err
}

// make moves the user to the new address. Codes under way to the old one no
// longer count.
func (c *Change) make(ctx context.Context, tx pgx.Tx) ([][]byte, error) {
	_, err := tx.Exec(ctx, `
		WITH change AS (
			UPDATE email_changes c
			SET used_at = now(), former = u.email
			FROM users u
			WHERE c.id = $1 AND u.id = c.user_id
			RETURNING u.email AS former)
		UPDATE sign_in_requests r
		SET replaced_at = now()
		FROM change
		WHERE r.email = change.former AND r.used_at IS NULL AND r.replaced_at IS NULL`, c.ID)
	if err != nil {
		return nil, fmt.Errorf("use change %s: %w", c.ID, err)
	}
	_, err = tx.Exec(ctx, `UPDATE users SET email = $2 WHERE id = $1`, c.User, c.Email)
	if taken(err) {
		return nil, fault.In("code", "This address has an account of its own. Sign in with it, or choose another address.")
	}
	if err != nil {
		return nil, fmt.Errorf("change address of %s: %w", c.User, err)
	}
	if _, err := queue.Add(ctx, tx, job.EmailChanged{Change: c.ID}); err != nil {
		return nil, err
	}
	return EndAll(ctx, tx, c.User)
}

func taken(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "23505"
}
