package passkey

import (
	"net/http"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
)

// offer answers with what a browser needs to make a passkey.
func (e endpoint) offer(w http.ResponseWriter, r *http.Request) error {
	user := access.User(r.Context())
	var options *protocol.CredentialCreation
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) error {
		o, err := account.FindPasskeyOwner(r.Context(), tx, user)
		if err != nil {
			return err
		}
		known := webauthn.Credentials(owner{o}.WebAuthnCredentials()).CredentialDescriptors()
		var s *webauthn.SessionData
		options, s, err = e.site.BeginRegistration(owner{o}, webauthn.WithExclusions(known))
		if err != nil {
			return err
		}
		return e.keep(w, r, tx, toMake, user, s)
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, options.Response)
}

// add keeps the passkey that the browser made.
func (e endpoint) add(w http.ResponseWriter, r *http.Request) error {
	body, err := web.Body(w, r, maxAnswer)
	if err != nil {
		return err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(body)
	if err != nil {
		return errAnswer.Because(err)
	}
	user := access.User(r.Context())
	s, err := e.take(r, answer.Response.CollectedClientData.Challenge, toMake, user)
	if err != nil {
		return err
	}
	name := account.DeviceName(r.UserAgent())
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error {
		o, err := account.FindPasskeyOwner(r.Context(), tx, user)
		if err != nil {
			return err
		}
		c, err := e.site.CreateCredential(owner{o}, s, answer)
		if err != nil {
			return errRefused.Because(err)
		}
		id, err := o.Add(r.Context(), tx, passkey(c, name))
		if err != nil {
			return err
		}
		return record(r.Context(), tx, user, "passkey added", id)
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, map[string]string{"name": name})
}

// passkey is a new credential as it is kept.
func passkey(c *webauthn.Credential, name string) account.Passkey {
	k := account.Passkey{
		Credential: c.ID, PublicKey: c.PublicKey, SignCount: c.Authenticator.SignCount, Flags: c.Flags.MsgpByte(), Name: name,
	}
	for _, t := range c.Transport {
		k.Transports = append(k.Transports, string(t))
	}
	return k
}
