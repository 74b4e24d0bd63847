package passkey

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// cookie names the secret that binds challenges to a browser.
const cookie = "passkey"

// maxAnswer bounds what an authenticator says, in bytes.
const maxAnswer = 64 << 10

var (
	errNoSite  = fault.New(fault.NotFound, "Passkeys do not work at this address. Use a code instead.")
	errAnswer  = fault.New(fault.Invalid, "This is not the answer of a passkey. Please try again.")
	errRefused = fault.New(fault.Forbidden, "This passkey cannot be used here. Use a code instead, or try another passkey.")
)

// relyingParty is the site as browsers name it to passkeys, by its configured
// address alone. It is nil where they make none.
func relyingParty(address string) *webauthn.WebAuthn {
	u, err := url.Parse(address)
	if err != nil || account.PasskeySite(address) == "" {
		return nil
	}
	life := webauthn.TimeoutConfig{Enforce: true, Timeout: account.ChallengeLife, TimeoutUVD: account.ChallengeLife}
	site, err := webauthn.New(&webauthn.Config{
		RPID: account.PasskeySite(address), RPDisplayName: "Interactive Pilot Handbook", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: life, Registration: life},
		// Keepers of passwords add outputs of their own; none is used.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil
	}
	return site
}

// purpose is what a challenge is for: the answer to one counts for no other.
type purpose string

const (
	toMake    purpose = "make"
	toEnter   purpose = "sign in"
	toConfirm purpose = "confirm"
)

// keep records a challenge for this browser, and sets the cookie that tells
// it when it answers.
func (e endpoint) keep(w http.ResponseWriter, r *http.Request, q db.Querier, why purpose, user uuid.UUID, s *webauthn.SessionData) error {
	browser := web.CookieValue(r, e.secure, cookie)
	if browser == "" {
		browser, _ = account.NewSecret()
	}
	state, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("challenge: %w", err)
	}
	if err := account.KeepChallenge(r.Context(), q, s.Challenge, browser+" "+string(why), user, state); err != nil {
		return err
	}
	web.Cookie(w, e.secure, cookie, browser, account.ChallengeLife)
	return nil
}

// take uses up the challenge that an answer is about.
func (e endpoint) take(r *http.Request, challenge string, why purpose, user uuid.UUID) (s webauthn.SessionData, err error) {
	browser := web.CookieValue(r, e.secure, cookie)
	state, err := account.UseChallenge(r.Context(), e.db, challenge, browser+" "+string(why), user)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return s, fmt.Errorf("challenge: %w", err)
	}
	return s, nil
}

// done ends a ceremony.
func (e endpoint) done(w http.ResponseWriter) error {
	web.Cookie(w, e.secure, cookie, "", 0)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// owner is a user as package webauthn asks for one.
type owner struct{ *account.PasskeyOwner }

func (o owner) WebAuthnID() []byte   { return o.Handle }
func (o owner) WebAuthnName() string { return o.Email }

func (o owner) WebAuthnDisplayName() string {
	if o.Name != "" {
		return o.Name
	}
	return o.Email
}

func (o owner) WebAuthnCredentials() []webauthn.Credential {
	var all []webauthn.Credential
	for _, k := range o.Passkeys {
		c := webauthn.Credential{
			ID: k.Credential, PublicKey: k.PublicKey, Flags: webauthn.CredentialFlagsFromMsgpByte(k.Flags),
			Authenticator: webauthn.Authenticator{SignCount: k.SignCount},
		}
		for _, t := range k.Transports {
			c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
		}
		all = append(all, c)
	}
	return all
}

// used records what a passkey signed, unless its count went back: then it may
// have been copied.
func (e endpoint) used(ctx context.Context, tx pgx.Tx, o *account.PasskeyOwner, c *webauthn.Credential) error {
	if c.Authenticator.CloneWarning {
		e.log.WarnContext(ctx, "a passkey's count went back", "user", o.User, "credential", c.ID)
		return errRefused
	}
	return account.UsePasskey(ctx, tx, c.ID, c.Authenticator.SignCount, c.Flags.MsgpByte())
}

// answer reads what an authenticator signed.
func answer(w http.ResponseWriter, r *http.Request) (*protocol.ParsedCredentialAssertionData, error) {
	body, err := web.Body(w, r, maxAnswer)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return nil, errAnswer.Because(err)
	}
	return parsed, nil
}
