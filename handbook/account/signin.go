package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

const (
	codeLife    = 10 * time.Minute
	wrongLimit  = 5  // wrong codes end a request
	perHour     = 5  // mails to one address
	wrongPerDay = 50 // wrong codes for one address
)

// The answers to a code or link that does not sign in, each with words of
// its own.
var (
	errWrong    = fault.In("code", "That code is not right. Check the newest mail and try again.")
	errUsed     = fault.New(fault.Conflict, "That code was used already. Ask for a new one to sign in again.")
	errExpired  = fault.New(fault.Conflict, "That code is older than ten minutes. Ask for a new one.")
	errReplaced = fault.New(fault.Conflict, "That code was replaced by a newer one. Use the newest mail.")
	errEnded    = fault.New(fault.TooMany, "Five wrong codes were entered. Ask for a new one.")
	errGuessed  = fault.New(fault.TooMany, "Too many wrong codes were entered for this address today. Open the link of the mail in this browser, or sign in where you did before, or with a passkey.")
	errNone     = fault.New(fault.NotFound, "There is no such sign-in. Ask for a new code.")
)

// Ask records that the browser with this secret wants to sign in as email,
// and has a code mailed. An earlier request of the same browser is replaced.
// Whether the address is known makes no difference.
func Ask(ctx context.Context, tx pgx.Tx, email, browser, next string) (uuid.UUID, error) {
	l, err := enterLane(ctx, tx, email, Hash(browser))
	if err != nil {
		return uuid.Nil, err
	}
	if err := l.spare(ctx, tx); err != nil {
		return uuid.Nil, err
	}
	_, err = tx.Exec(ctx, `
		UPDATE sign_in_requests
		SET replaced_at = now()
		WHERE email = $1 AND browser = $2 AND used_at IS NULL AND replaced_at IS NULL`, email, l.browser)
	if err != nil {
		return uuid.Nil, fmt.Errorf("replace sign-in: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO sign_in_requests (id, email, browser, known, next, expires_at)
		VALUES ($1, $2, $3, $4, $5, now() + $6)`, id, email, l.browser, l.known, next, codeLife)
	if err != nil {
		return uuid.Nil, fmt.Errorf("ask to sign in: %w", err)
	}
	_, err = queue.Add(ctx, tx, job.SignInCode{Request: id})
	return id, err
}

// Code is what a sign-in mail says.
type Code struct {
	Email, Digits, Link string
	Expires             time.Time
}

// MakeCode makes a fresh code and link for a request, and stores keyed hashes
// of both. Earlier ones no longer count. It returns an empty Code when the
// request is over.
func MakeCode(ctx context.Context, q db.Querier, secret string, request uuid.UUID) (Code, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return Code{}, err
	}
	link, _ := NewSecret()
	c := Code{Digits: fmt.Sprintf("%06d", n), Link: link}
	err = q.QueryRow(ctx, `
		UPDATE sign_in_requests
		SET replaced_codes = CASE WHEN code IS NULL THEN replaced_codes ELSE replaced_codes || code END,
		    code = $2, link = $3, expires_at = now() + $4
		WHERE id = $1 AND used_at IS NULL AND replaced_at IS NULL AND expires_at > now()
		RETURNING email, expires_at`,
		request, keyed(secret, request, c.Digits), keyed(secret, request, link), codeLife).Scan(&c.Email, &c.Expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return Code{}, nil
	}
	if err != nil {
		return Code{}, fmt.Errorf("make code of %s: %w", request, err)
	}
	return c, nil
}

func keyed(secret string, request uuid.UUID, code string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(request[:])
	h.Write([]byte(code))
	return h.Sum(nil)
}

// Request is a sign-in under way.
type Request struct {
	ID       uuid.UUID
	Email    string
	Next     string
	browser  []byte
	known    bool // of this browser, when it asked
	code     []byte
	link     []byte
	replaced [][]byte
	wrong    int
	used     bool
	gone     bool // replaced by a newer request
	expired  bool
}

// FindRequest returns a sign-in request; lock holds it for the transaction.
func FindRequest(ctx context.Context, q db.Querier, id uuid.UUID, lock bool) (*Request, error) {
	sql := `
		SELECT email, next, browser, known, code, link, replaced_codes, wrong,
		       used_at IS NOT NULL, replaced_at IS NOT NULL, expires_at <= now()
		FROM sign_in_requests
		WHERE id = $1`
	if lock {
		sql += ` FOR UPDATE`
	}
	r := &Request{ID: id}
	err := q.QueryRow(ctx, sql, id).Scan(&r.Email, &r.Next, &r.browser, &r.known, &r.code, &r.link, &r.replaced, &r.wrong, &r.used, &r.gone, &r.expired)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNone
	}
	if err != nil {
		return nil, fmt.Errorf("sign-in %s: %w", id, err)
	}
	return r, nil
}

// holdRequest returns a request, held for the transaction after the user whose
// address it has, if there is one.
func holdRequest(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*Request, error) {
	r, err := FindRequest(ctx, tx, id, false)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `SELECT FROM users WHERE email = $1 FOR NO KEY UPDATE`, r.Email); err != nil {
		return nil, fmt.Errorf("hold the user of sign-in %s: %w", id, err)
	}
	return FindRequest(ctx, tx, id, true)
}

// Mine reports whether the browser with this secret made the request.
func (r *Request) Mine(browser string) bool {
	return browser != "" && subtle.ConstantTimeCompare(r.browser, Hash(browser)) == 1
}

// Over returns why the request can sign nobody in any more, in words for the
// reader; nil if it can.
func (r *Request) Over() error {
	switch {
	case r.used:
		return errUsed
	case r.gone:
		return errReplaced
	case r.expired:
		return errExpired
	case r.wrong >= wrongLimit:
		return errEnded
	}
	return nil
}

// check returns nil when proof is the request's code, or its link in the
// browser that asked. No code counts any more once too many wrong ones were
// entered; the link, which nobody guesses, does.
func (r *Request) check(ctx context.Context, q db.Querier, secret, proof, browser string) (refused, err error) {
	if err := r.Over(); err != nil {
		return err, nil
	}
	sum := keyed(secret, r.ID, proof)
	if hmac.Equal(sum, r.link) && r.Mine(browser) {
		return nil, nil
	}
	l := lane{email: r.Email, browser: r.browser, known: r.known}
	if guessed, err := l.guessed(ctx, q); guessed || err != nil {
		return errGuessed, err
	}
	if hmac.Equal(sum, r.code) {
		return nil, nil
	}
	for _, old := range r.replaced {
		if hmac.Equal(sum, old) {
			return errReplaced, nil
		}
	}
	return errWrong, nil
}

// Redeem signs in with a code, or with a link in the browser that asked. The
// browser it is done in, which need not be that one, is known from then on. It
// returns the new session's secret and where to go next. A wrong code is
// counted, whatever the caller does with the error.
func Redeem(ctx context.Context, p *db.Pool, secret string, request uuid.UUID, proof, browser, device string) (session, next string, err error) {
	var refused error
	err = db.Tx(ctx, p, func(tx pgx.Tx) error {
		r, err := holdRequest(ctx, tx, request)
		if err != nil {
			return err
		}
		proof = strings.ReplaceAll(strings.TrimSpace(proof), " ", "")
		if refused, err = r.check(ctx, tx, secret, proof, browser); err != nil {
			return err
		}
		if refused != nil {
			return r.refuse(ctx, tx, secret, proof, &refused)
		}
		next = r.Next
		if _, err := tx.Exec(ctx, `UPDATE sign_in_requests SET used_at = now() WHERE id = $1`, request); err != nil {
			return fmt.Errorf("use sign-in %s: %w", request, err)
		}
		user, err := Enter(ctx, tx, r.Email)
		if err != nil {
			return err
		}
		if err := know(ctx, tx, user, browser); err != nil {
			return err
		}
		session, err = Begin(ctx, tx, user, device, true)
		return err
	})
	return session, next, errors.Join(err, refused)
}

// refuse counts a wrong code. One that belongs to an earlier request of the
// same browser gets the words of a replaced one.
func (r *Request) refuse(ctx context.Context, tx pgx.Tx, secret, proof string, refused *error) error {
	if *refused != errWrong {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT id, code
		FROM sign_in_requests
		WHERE email = $1 AND browser = $2 AND id <> $3 AND code IS NOT NULL AND created_at > now() - interval '1 hour'`, r.Email, r.browser, r.ID)
	if err != nil {
		return fmt.Errorf("earlier sign-ins: %w", err)
	}
	type earlier struct {
		ID   uuid.UUID
		Code []byte
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[earlier])
	if err != nil {
		return fmt.Errorf("earlier sign-ins: %w", err)
	}
	for _, e := range all {
		if hmac.Equal(keyed(secret, e.ID, proof), e.Code) {
			*refused = errReplaced
		}
	}
	_, err = tx.Exec(ctx, `UPDATE sign_in_requests SET wrong = wrong + 1 WHERE id = $1`, r.ID)
	if err != nil {
		return fmt.Errorf("count wrong code of %s: %w", r.ID, err)
	}
	return nil
}
