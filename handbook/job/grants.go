package job

import (
	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// GrantGiven tells a user what an operator has opened to them.
type GrantGiven struct {
	User  uuid.UUID `json:"user"`
	Grant uuid.UUID `json:"grant"`
}

// Job says how it is run.
func (GrantGiven) Job() queue.Spec { return email("grant-given") }

// GrantClosed tells a user what an operator has closed that one had opened.
type GrantClosed struct {
	User  uuid.UUID `json:"user"`
	Grant uuid.UUID `json:"grant"`
}

// Job says how it is run.
func (GrantClosed) Job() queue.Spec { return email("grant-closed") }

// GiftClosed tells whoever has redeemed a gift that it went back, and that
// what it had opened is closed.
type GiftClosed struct {
	Payment string `json:"payment"` // of the gift, as Stripe names it
}

// Job says how it is run.
func (GiftClosed) Job() queue.Spec { return email("gift-closed") }
