package job

import (
	"time"

	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// ContentUpdateNotification tells a module's owners who asked for it of a new
// version: it adds a mail for each of them, a batch at a time.
type ContentUpdateNotification struct {
	Version uuid.UUID `json:"version"`
	After   uuid.UUID `json:"after,omitzero"` // the last user of the batch before
}

// Job says how it is run.
func (ContentUpdateNotification) Job() queue.Spec { return email("content-update-notification") }

// ContentUpdateMail tells one owner of a module of a new version.
type ContentUpdateMail struct {
	User    uuid.UUID `json:"user"`
	Version uuid.UUID `json:"version"`
}

// Job says how it is run.
func (ContentUpdateMail) Job() queue.Spec { return email("content-update-mail") }

// PasskeyAdded tells a user that an account has a new passkey.
type PasskeyAdded struct {
	User    uuid.UUID `json:"user"`
	Passkey uuid.UUID `json:"passkey"`
}

// Job says how it is run.
func (PasskeyAdded) Job() queue.Spec { return email("passkey-added") }

// ForgetReader drops from Redis what it could not be told to drop when it
// changed: what a reader owns, and whose an ended session was. The reader is
// not named "user", as jobs of a user end with the account, and this must not.
type ForgetReader struct {
	Reader  uuid.UUID `json:"reader"`
	Session string    `json:"session,omitempty"` // hash of its secret, in hexadecimal
}

// Job says how it is run: for as long as Redis may keep what is to be dropped.
func (ForgetReader) Job() queue.Spec {
	return queue.Spec{Kind: "forget-reader", Queue: Content, Timeout: time.Minute, Failures: 10}
}
