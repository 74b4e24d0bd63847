package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// browsersMost is how many browsers are known of one user, the last used ones.
const browsersMost = 20

// lane is what mails and wrong codes of one address are counted by: a known
// browser on its own, all others together, and with them changes to the address.
type lane struct {
	email   string
	browser []byte // hash of its secret
	known   bool
}

// enterLane returns the lane of a browser. Those who ask for one address wait
// for each other until the transaction ends, so that many at once count too.
func enterLane(ctx context.Context, tx pgx.Tx, email string, browser []byte) (lane, error) {
	l := lane{email: email, browser: browser}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('sign-in:' || $1, 0))`, email); err != nil {
		return l, fmt.Errorf("lock sign-ins of an address: %w", err)
	}
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM known_browsers k
			JOIN users u ON u.id = k.user_id
			WHERE u.email = $1 AND k.browser = $2)`, email, browser).Scan(&l.known)
	if err != nil {
		return l, fmt.Errorf("is a browser known: %w", err)
	}
	return l, nil
}

// spare refuses a mail to an address that was sent enough of them.
func (l lane) spare(ctx context.Context, q db.Querier) error {
	mails, err := l.mails(ctx, q)
	if err != nil {
		return err
	}
	if mails >= perHour {
		return fault.New(fault.TooMany, "Five codes were sent to this address within the hour. Use the newest mail, sign in with a passkey, or try again later.")
	}
	return nil
}

// mails counts what was mailed by the lane within the hour.
func (l lane) mails(ctx context.Context, q db.Querier) (int, error) {
	return l.count(ctx, q, `count(*)`, `1 hour`)
}

// blurred is, in SQL, what stands for an address whose mails and wrong codes
// have still to be counted when it may not be kept any more. No address is
// written so.
func blurred(email string) string {
	return `'sha256:' || encode(sha256(convert_to(` + email + `, 'UTF8')), 'hex')`
}

// guessed reports whether so many wrong codes were entered within a day that
// no further one is looked at.
func (l lane) guessed(ctx context.Context, q db.Querier) (bool, error) {
	wrong, err := l.count(ctx, q, `coalesce(sum(wrong), 0)`, `1 day`)
	return wrong >= wrongPerDay, err
}

// count adds up what of the lane's requests that began within a time.
func (l lane) count(ctx context.Context, q db.Querier, what, within string) (n int, err error) {
	if !l.known {
		return l.countStrangers(ctx, q, what, within)
	}
	err = q.QueryRow(ctx, `
		SELECT `+what+`
		FROM sign_in_requests
		WHERE email = $1 AND known AND browser = $2 AND created_at > now() - $3::text::interval`, l.email, l.browser, within).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("recent sign-ins: %w", err)
	}
	return n, nil
}

// countStrangers adds up what of all that anybody can cause at the address: of
// sign-ins in browsers that are not known, and of changes to it, also those of
// accounts that are deleted since.
func (l lane) countStrangers(ctx context.Context, q db.Querier, what, within string) (n int, err error) {
	err = q.QueryRow(ctx, `
		SELECT (SELECT `+what+` FROM sign_in_requests WHERE email IN ($1, `+blurred("$1")+`) AND NOT known AND created_at > now() - $2::text::interval)
		     + (SELECT `+what+` FROM email_changes WHERE email = $1 AND created_at > now() - $2::text::interval)`, l.email, within).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("recent sign-ins and changes of strangers: %w", err)
	}
	return n, nil
}

// know makes a browser a known one of a user, who has just signed in in it.
func know(ctx context.Context, tx pgx.Tx, user uuid.UUID, browser string) error {
	if browser == "" {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO known_browsers (user_id, browser)
		VALUES ($1, $2)
		ON CONFLICT (user_id, browser) DO UPDATE
		SET used_at = now()`, user, Hash(browser))
	if err == nil {
		_, err = tx.Exec(ctx, `
			DELETE FROM known_browsers
			WHERE user_id = $1 AND browser IN (
				SELECT browser FROM known_browsers WHERE user_id = $1 ORDER BY used_at DESC, browser OFFSET $2)`, user, browsersMost)
	}
	if err != nil {
		return fmt.Errorf("know a browser of %s: %w", user, err)
	}
	return nil
}
