// Package job lists all that can happen later: one payload type per kind of
// job, with its queue and limits beside it. Payloads hold ids; a job reads
// the state afresh.
package job

import (
	"time"

	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// Content makes versions, indexes and packages: five jobs at once.
var Content = queue.Queue{Name: "content-processing", Concurrency: 5, Unknown: "Unknown job type: %s"}

// Email sends mails: three jobs at once.
var Email = queue.Queue{Name: "email-queue", Concurrency: 3, Unknown: "Unknown email type: %s"}

// Queues lists the queues that workers serve.
func Queues() []queue.Queue { return []queue.Queue{Content, Email, Money, Analytics} }

func content(kind string) queue.Spec {
	return queue.Spec{Kind: kind, Queue: Content, Timeout: 10 * time.Minute, Failures: 3}
}

// A mail is tried for about a day: waits triple from a second to an hour.
func email(kind string) queue.Spec {
	return queue.Spec{Kind: kind, Queue: Email, Timeout: time.Minute, Failures: 30}
}

// ProcessModule turns an uploaded source into an inactive version.
type ProcessModule struct {
	Source   uuid.UUID `json:"source"`
	Activate bool      `json:"activate,omitempty"` // once it is made
	Again    bool      `json:"again,omitempty"`    // though it is a version already: as its next revision
	By       uuid.UUID `json:"by,omitzero"`        // who wants that
}

// Job says how it is run.
func (ProcessModule) Job() queue.Spec {
	s := content("process-module")
	s.Timeout = time.Hour // images take seconds each, and only once
	return s
}

// SignInCode makes and mails the code and link of a sign-in request.
type SignInCode struct {
	Request uuid.UUID `json:"request"`
}

// Job says how it is run. A code that comes after its ten minutes helps
// nobody, so that few tries are made.
func (SignInCode) Job() queue.Spec {
	s := email("sign-in-code")
	s.Failures = 6
	return s
}

// WelcomeEmail greets a user after the first sign-in.
type WelcomeEmail struct {
	User uuid.UUID `json:"user"`
}

// Job says how it is run.
func (WelcomeEmail) Job() queue.Spec { return email("welcome-email") }

// PurchaseConfirmation tells a buyer what was bought.
type PurchaseConfirmation struct {
	Purchase uuid.UUID `json:"purchase"`
}

// Job says how it is run.
func (PurchaseConfirmation) Job() queue.Spec { return email("purchase-confirmation") }

// PaymentFailed tells a buyer that the money that was under way will not come.
type PaymentFailed struct {
	Checkout uuid.UUID `json:"checkout"`
}

// Job says how it is run.
func (PaymentFailed) Job() queue.Spec { return email("payment-failed") }

// ErrorReport tells operators what a reader found wrong in a lesson.
type ErrorReport struct {
	Report uuid.UUID `json:"report"`
}

// Job says how it is run.
func (ErrorReport) Job() queue.Spec { return email("error-report") }
