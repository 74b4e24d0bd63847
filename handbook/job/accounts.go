package job

import (
	"time"

	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// EmailChangeCode makes and mails the code that confirms a new address.
type EmailChangeCode struct {
	Change uuid.UUID `json:"change"`
}

// Job says how it is run. A code that comes too late helps nobody.
func (EmailChangeCode) Job() queue.Spec {
	s := email("email-change-code")
	s.Failures = 6
	return s
}

// EmailChanged tells the old address that the account has moved to another.
type EmailChanged struct {
	Change uuid.UUID `json:"change"`
}

// Job says how it is run.
func (EmailChanged) Job() queue.Spec { return email("email-changed") }

// Goodbye confirms that an account was deleted. The mail's row holds the
// address, until it is sent.
type Goodbye struct {
	Mail uuid.UUID `json:"mail"`
}

// Job says how it is run.
func (Goodbye) Job() queue.Spec { return email("goodbye") }

// EraseCustomer deletes what Stripe keeps of a customer whose account is
// deleted.
type EraseCustomer struct {
	Customer string `json:"customer"` // as Stripe names it, cus_...
}

// Job says how it is run: for some days, as nobody is there to ask again.
func (EraseCustomer) Job() queue.Spec { return closing("erase-customer") }

// CloseCheckout ends a checkout that nobody may pay any more: its account is
// deleted, or what made it cheaper went back.
type CloseCheckout struct {
	Session string `json:"session"` // as Stripe names it, cs_...
}

// Job says how it is run.
func (CloseCheckout) Job() queue.Spec { return closing("close-checkout") }

func closing(kind string) queue.Spec {
	return queue.Spec{Kind: kind, Queue: Content, Timeout: time.Minute, Failures: 80}
}
