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

// doubt answers with what a browser needs to show that its reader is who they
// are: by one of their passkeys, and by what unlocks it, as whoever finds the
// browser open has the device too.
func (e endpoint) doubt(w http.ResponseWriter, r *http.Request) error {
	user := access.User(r.Context())
	var options *protocol.CredentialAssertion
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) error {
		o, err := account.FindPasskeyOwner(r.Context(), tx, user)
		if err != nil {
			return err
		}
		if len(o.Passkeys) == 0 {
			return fault.New(fault.Conflict, "Your account has no passkey. Use a code instead.")
		}
		var s *webauthn.SessionData
		options, s, err = e.site.BeginLogin(owner{o}, webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return err
		}
		return e.keep(w, r, tx, toConfirm, user, s)
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, options.Response)
}

// confirm makes the session count as begun a moment ago.
func (e endpoint) confirm(w http.ResponseWriter, r *http.Request) error {
	answer, err := answer(w, r)
	if err != nil {
		return err
	}
	who := access.Of(r.Context())
	s, err := e.take(r, answer.Response.CollectedClientData.Challenge, toConfirm, who.User)
	if err != nil {
		return err
	}
	if err := e.verify(r.Context(), s, answer, who.User, who.Session); err != nil {
		return err
	}
	return e.done(w)
}

func (e endpoint) verify(ctx context.Context, s webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData, user, session uuid.UUID) error {
	return db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		o, err := account.FindPasskeyOwner(ctx, tx, user)
		if err != nil {
			return err
		}
		c, err := e.site.ValidateLogin(owner{o}, s, answer)
		if err != nil {
			return errRefused.Because(err)
		}
		if err := e.used(ctx, tx, o, c); err != nil {
			return err
		}
		return account.Verify(ctx, tx, user, session)
	})
}
