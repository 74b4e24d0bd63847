package signin

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

func (e endpoint) redeem(w http.ResponseWriter, r *http.Request) error {
	private(w)
	if err := web.Form(w, r); err != nil {
		return err
	}
	proof, err := proof(r)
	if err != nil {
		return e.show(w, r, err)
	}
	browser := e.browser(r)
	session, next, err := account.Redeem(r.Context(), e.db, e.secret.Reveal(), requestID(r), proof, browser, account.DeviceName(r.UserAgent()))
	if err != nil {
		if k := fault.Of(err).Kind; k == fault.Internal || k == fault.Unavailable {
			return err
		}
		return e.show(w, r, err)
	}
	e.endFormer(r.Context())
	web.Cookie(w, e.secure, account.SessionCookie, session, account.Absolute)
	web.Cookie(w, e.secure, asked, browser, askedLife)
	return web.SeeOther(w, r, e.onward(r.Context(), session, web.LocalPath(next)))
}

// onward returns where to go after signing in: who is here for the first time,
// and was on the way to nothing else, is shown their account, where a passkey
// is offered.
func (e endpoint) onward(ctx context.Context, session, next string) string {
	if next != "/" {
		return next
	}
	var first bool
	err := e.db.QueryRow(ctx, `
		SELECT u.created_at = s.created_at
		FROM sessions s
		JOIN users u ON u.id = s.user_id
		WHERE s.session_token = $1`, account.Hash(session)).Scan(&first)
	if err != nil {
		e.log.WarnContext(ctx, "is it the first sign-in", "err", err) // the catalogue is fine too
	}
	if first {
		return "/account"
	}
	return next
}

// proof returns the link or the code that was sent. What cannot be a code is
// refused here, as a slip of the finger should not count as a wrong one.
func proof(r *http.Request) (string, error) {
	if link := r.PostFormValue("link"); link != "" {
		return link, nil
	}
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, r.PostFormValue("code"))
	if len(digits) != 6 {
		return "", fault.In("code", "Please enter the six digits from the mail.")
	}
	return digits, nil
}

// endFormer ends the session that this browser had so far. The new one is
// begun already, so that a failure is for the log alone: the browser forgets
// the former secret in any case.
func (e endpoint) endFormer(ctx context.Context) {
	who := access.Of(ctx)
	if who == nil || who.Session == uuid.Nil {
		return
	}
	hash, err := account.End(ctx, e.db, who.User, who.Session)
	if err != nil {
		if !fault.Is(err, fault.NotFound) {
			e.log.ErrorContext(ctx, "former session stays", "err", err)
		}
		return
	}
	e.gate.ForgetSession(ctx, who.User, hash)
}
