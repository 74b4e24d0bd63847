package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// List is a kind of mail that one gets only if one asks for it.
type List string

// ContentUpdates tells owners of a module of its new versions.
const ContentUpdates List = "content-updates"

// Wants reports whether a user asked for the mails of a list.
func Wants(ctx context.Context, q db.Querier, user uuid.UUID, l List) (bool, error) {
	var wants bool
	err := q.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM mail_choices
			WHERE user_id = $1 AND list = $2 AND wanted)`, user, l).Scan(&wants)
	if err != nil {
		return false, fmt.Errorf("does %s want %s: %w", user, l, err)
	}
	return wants, nil
}

// Choose keeps whether a user wants the mails of a list. It does nothing for
// an account that is deleted, which gets no mail in any case.
func Choose(ctx context.Context, q db.Querier, user uuid.UUID, l List, wanted bool) error {
	_, err := q.Exec(ctx, `
		INSERT INTO mail_choices (user_id, list, wanted)
		SELECT id, $2, $3 FROM users WHERE id = $1
		ON CONFLICT (user_id, list) DO UPDATE
		SET wanted = excluded.wanted`, user, l, wanted)
	if err != nil {
		return fmt.Errorf("choice of %s about %s: %w", user, l, err)
	}
	return nil
}

// UnsubscribeToken returns what, in an address, ends a list's mails to a user
// without signing in. It has no end, as mails are kept for ever, but goes with
// the secret: under another AUTH_SECRET it is not known, and leads to the choice
// in the account.
func UnsubscribeToken(secret string, user uuid.UUID, l List) string {
	return string(l) + "." + base64.RawURLEncoding.EncodeToString(append(user[:], sealed(secret, user, l)...))
}

// ReadUnsubscribeToken returns whom a token is for.
func ReadUnsubscribeToken(secret, token string) (user uuid.UUID, l List, err error) {
	name, rest, _ := strings.Cut(token, ".")
	l = List(name)
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || l != ContentUpdates || len(b) != len(user)+sha256.Size {
		return uuid.Nil, "", errNoToken
	}
	copy(user[:], b)
	if !hmac.Equal(b[len(user):], sealed(secret, user, l)) {
		return uuid.Nil, "", errNoToken
	}
	return user, l, nil
}

var errNoToken = fault.New(fault.NotFound, "This link is not complete. Open it again from the mail, or sign in and choose your mails in your account.")

func sealed(secret string, user uuid.UUID, l List) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("unsubscribe\x00" + l + "\x00"))
	h.Write(user[:])
	return h.Sum(nil)
}

// UnsubscribeHeader returns the header fields by which a mail program offers
// to end a list's mails with one click (RFC 8058); site is the public address.
// Every mail of a list has them.
func UnsubscribeHeader(site, secret string, user uuid.UUID, l List) map[string]string {
	return map[string]string{
		"List-Unsubscribe":      "<" + site + "/mailchoice/" + UnsubscribeToken(secret, user, l) + ">",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"List-Id":               "<" + string(l) + "." + strings.NewReplacer("https://", "", "http://", "").Replace(site) + ">",
	}
}
