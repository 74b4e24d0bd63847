// Package gift knows the codes that open what somebody else has paid for.
//
// A code is sixteen letters: eight that say which gift it is, and eight of a
// hash of the gift under AUTH_SECRET. So the giver can look at it again and
// again, though it is kept nowhere, and nobody can make one from a copy of the
// database. The price: with another AUTH_SECRET the codes that are not redeemed
// yet change, and the giver's order shows the new one.
//
// A code counts once. What it gives is a grant, not a purchase: it stays when
// the giver's account is deleted. It is closed when the money of the gift goes
// back, as nobody has paid for it then; package purchase does that.
package gift

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/fault"
)

// half is how many letters say which gift a code is of, and how many prove it.
const half = 8

// Code returns the code of the gift with this mark.
func Code(secret, mark string) string {
	code := mark + proof(secret, mark)
	return strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:]}, "-")
}

func proof(secret, mark string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("gift:" + mark)) // never fails
	return base32.StdEncoding.EncodeToString(mac.Sum(nil))[:half]
}

// Is reports whether what somebody typed is the code of the gift with this mark.
func Is(secret, mark, typed string) bool { return plain(typed) == mark+proof(secret, mark) }

// plain returns the letters of a code as somebody may type it: with spaces and
// hyphens, in any case, and with digits for the letters they look like, as no
// code has 0, 1 or 8.
func plain(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r == '0':
			return 'O'
		case r == '1':
			return 'I'
		case r == '8':
			return 'B'
		case r >= 'A' && r <= 'Z' || r >= '2' && r <= '7':
			return r
		case r == '-' || r == ' ' || r == '\t' || r == '\u00a0' || r == '\u2010' || r == '\u2011' || r == '\u2013':
			return -1
		}
		return '?' // not a letter of a code
	}, typed)
}

// unfit refuses what has not as many letters and digits as a code.
func unfit(code string) error {
	n := len(strings.ReplaceAll(code, "?", ""))
	if n == 2*half {
		return nil
	}
	has := "none"
	if n > 0 {
		has = strconv.Itoa(n)
	}
	return fault.In("code", "A code has %d letters and digits, and this one has %s. Please compare it with the one you were given.", 2*half, has)
}

// unknown is said alike of every other code that is none, so that trying tells
// nothing.
func unknown() error {
	return fault.In("code", "We do not know this code. Please compare it with the one you were given, letter by letter; if it agrees, ask who gave it to you: their order shows the code that counts.")
}

// Redeem gives a user what a code opens and returns the module. A refusal
// leaves the code as it was. The user's row is locked before the gift's, as
// when a payment is settled, so that nobody gets one thing twice.
func Redeem(ctx context.Context, tx pgx.Tx, user uuid.UUID, secret, typed string) (module string, err error) {
	code := plain(typed)
	if err := unfit(code); err != nil {
		return "", err
	}
	if len(code) != 2*half || !hmac.Equal([]byte(proof(secret, code[:half])), []byte(code[half:])) {
		return "", unknown()
	}
	tag, err := tx.Exec(ctx, `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, user)
	if err != nil {
		return "", fmt.Errorf("redeem a gift for %s: %w", user, err)
	}
	if tag.RowsAffected() == 0 {
		return "", fault.New(fault.SignedOut, "Your account is deleted. The code stays unused: sign in again to redeem it.")
	}
	g, err := find(ctx, tx, code[:half])
	if err != nil {
		return "", err
	}
	if err := g.free(ctx, tx, user); err != nil {
		return "", err
	}
	return g.module, g.give(ctx, tx, user)
}

// gift is a row of gifts, locked.
type gift struct {
	id            uuid.UUID
	module, title string
	redeemed      bool
	voided        bool
}

func find(ctx context.Context, tx pgx.Tx, mark string) (gift, error) {
	var g gift
	err := tx.QueryRow(ctx, `
		SELECT g.id, g.module_key, m.title, g.redeemed_at IS NOT NULL, g.voided_at IS NOT NULL
		FROM gifts g
		JOIN modules m ON m.key = g.module_key
		WHERE g.mark = $1
		FOR UPDATE OF g`, mark).Scan(&g.id, &g.module, &g.title, &g.redeemed, &g.voided)
	if errors.Is(err, pgx.ErrNoRows) {
		return g, unknown()
	}
	if err != nil {
		return g, fmt.Errorf("gift %q: %w", mark, err)
	}
	return g, nil
}

// free refuses a code that does not count, and a user who has no use for it.
func (g gift) free(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	switch {
	case g.redeemed:
		return refused("This code was redeemed already, and counts once. If it was not you, ask who gave it to you.")
	case g.voided:
		return refused("This code does not count, as its payment went back or is in question. Ask who gave it to you; nothing is wrong with your account.")
	}
	owns, err := purchase.Owns(ctx, tx, user, g.module)
	if err != nil {
		return err
	}
	if owns {
		return refused("You already own %s. The code stays unused: you can give it to somebody else.", g.title)
	}
	waits, err := purchase.Waits(ctx, tx, user, g.module)
	if err != nil {
		return err
	}
	if waits {
		return refused("Your own payment for %s is under way, and opens it when it arrives. The code stays unused: keep it, or give it to somebody else.", g.title)
	}
	return nil
}

// refused is what is said of a code that is one, but opens nothing here.
func refused(format string, args ...any) error {
	f := fault.New(fault.Conflict, format, args...)
	f.Field = "code"
	return f
}

// give opens the gift's module, once.
func (g gift) give(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	var b pgx.Batch
	b.Queue(`UPDATE gifts SET redeemed_at = now() WHERE id = $1`, g.id)
	b.Queue(`
		INSERT INTO grants (id, user_id, module_key, gift_id, reason)
		VALUES ($1, $2, $3, $4, 'gift')`, uuid.Must(uuid.NewV7()), user, g.module, g.id)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("give %q to %s: %w", g.module, user, err)
	}
	return nil
}
