package passkey

import (
	"context"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// ask answers with what a browser needs to sign in: the same for everybody
// but for the challenge.
func (e endpoint) ask(w http.ResponseWriter, r *http.Request) error {
	options, s, err := e.site.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	if err := e.keep(w, r, e.db, toEnter, uuid.Nil, s); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, options.Response)
}

// enter signs in, as a code does.
func (e endpoint) enter(w http.ResponseWriter, r *http.Request) error {
	answer, err := answer(w, r)
	if err != nil {
		return err
	}
	s, err := e.take(r, answer.Response.CollectedClientData.Challenge, toEnter, uuid.Nil)
	if err != nil {
		return err
	}
	session, err := e.begin(r.Context(), s, answer, account.DeviceName(r.UserAgent()))
	if err != nil {
		return err
	}
	e.endFormer(r.Context())
	web.Cookie(w, e.secure, account.SessionCookie, session, account.Absolute)
	return e.done(w)
}

// begin checks an answer and opens a session for the passkey's owner. A
// passkey that is not known and one that signed wrongly are refused alike. One
// that was not unlocked signs in, but is no fresh sign-in: see doubt.
func (e endpoint) begin(ctx context.Context, s webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData, device string) (session string, err error) {
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		o, err := account.FindPasskey(ctx, tx, answer.RawID, answer.Response.UserHandle)
		if fault.Is(err, fault.NotFound) {
			return errRefused.Because(err)
		}
		if err != nil {
			return err
		}
		found := func([]byte, []byte) (webauthn.User, error) { return owner{o}, nil }
		c, err := e.site.ValidateDiscoverableLogin(found, s, answer)
		if err != nil {
			return errRefused.Because(err)
		}
		if err := e.used(ctx, tx, o, c); err != nil {
			return err
		}
		unlocked := answer.Response.AuthenticatorData.Flags.HasUserVerified() // now, while c tells whether it ever was
		session, err = account.Begin(ctx, tx, o.User, device, unlocked)
		return err
	})
	return session, err
}

// endFormer ends the session that this browser had so far. The new one is
// begun already: a failure is for the log alone.
func (e endpoint) endFormer(ctx context.Context) {
	who := access.Of(ctx)
	if who == nil || who.Session == uuid.Nil {
		return
	}
	hash, err := account.End(ctx, e.db, who.User, who.Session)
	switch {
	case err == nil:
		e.gate.ForgetSession(ctx, who.User, hash)
	case !fault.Is(err, fault.NotFound):
		e.log.ErrorContext(ctx, "former session stays", "err", err)
	}
}
