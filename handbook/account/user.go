// Package account knows who somebody is: users, sign-in requests, sessions,
// passkeys and authors' tokens.
//
// How often one may ask for a code, and guess: a browser in which somebody
// signed in is known, to their account alone, by a secret in a cookie. Per
// address each known browser may have 5 codes mailed within an hour, and all
// unknown ones 5 together, in which the codes of whoever wants to move their
// account to the address count too. Five wrong codes end a request; after 50 within a
// day, counted in the same way, no code of the address is looked at. So a
// stranger can fill a mailbox by 5 mails an hour and guess with 1 : 20,000 a
// day, but not keep the owner out of the browsers, and passkeys, that they
// use. The mailed link, in the browser that asked, cannot be guessed and
// always counts.
package account

import (
	"context"
	"fmt"
	"net/mail"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

// Email returns an address in the one form in which it is kept, or a fault
// about the field "email".
func Email(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || !strings.Contains(s[strings.LastIndex(s, "@"):], ".") {
		return "", fault.In("email", "Please enter an e-mail address, such as ana@example.com.")
	}
	return s, nil
}

// Enter returns the user with this address, and makes one at the first
// sign-in, to whom a welcome is then mailed.
func Enter(ctx context.Context, tx pgx.Tx, email string) (uuid.UUID, error) {
	fresh, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	var id uuid.UUID
	err = tx.QueryRow(ctx, `
		INSERT INTO users (id, email)
		VALUES ($1, $2)
		ON CONFLICT (email) DO UPDATE SET email = excluded.email
		RETURNING id`, fresh, email).Scan(&id)
	if err != nil {
		return uuid.Nil, fmt.Errorf("enter: %w", err)
	}
	if id == fresh {
		_, err = queue.Add(ctx, tx, job.WelcomeEmail{User: id})
	}
	return id, err
}

// Address returns where a user's mail goes, and the user's name.
func Address(ctx context.Context, q db.Querier, user uuid.UUID) (email, name string, err error) {
	err = q.QueryRow(ctx, `
		SELECT email, coalesce(name, '')
		FROM users
		WHERE id = $1`, user).Scan(&email, &name)
	if err != nil {
		return "", "", fmt.Errorf("address of user %s: %w", user, err)
	}
	return email, name, nil
}
