package job

import (
	"strings"

	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// ResendMail sends a user's mail again, as an operator wishes.
type ResendMail struct {
	User   uuid.UUID `json:"user"`
	Resend uuid.UUID `json:"resend"` // the act, in resends
}

// Job says how it is run.
func (ResendMail) Job() queue.Spec { return email("resend-mail") }

// Resent returns the cause of the mail that an operator's act sends.
func Resent(act uuid.UUID) string { return "resend:" + act.String() }

// Mailing returns the job that made a mail to a user, by the mail's kind and
// cause, so that it can be done again. It returns nil for mails that are sent
// only once: codes, which are dead by then, what told a former address of its
// loss, and what was sent again already.
func Mailing(kind, cause string, user uuid.UUID) queue.Args {
	source, about, _ := strings.Cut(cause, ":")
	if source == "resend" {
		return nil
	}
	first, _, _ := strings.Cut(about, ":") // of an update, the version and not its reader
	id, _ := uuid.Parse(first)
	switch kind {
	case WelcomeEmail{}.Job().Kind:
		return WelcomeEmail{User: user}
	case PurchaseConfirmation{}.Job().Kind:
		return PurchaseConfirmation{Purchase: id}
	case PaymentFailed{}.Job().Kind:
		return PaymentFailed{Checkout: id}
	case RefundNotice{}.Job().Kind:
		return RefundNotice{Payment: about}
	case GrantGiven{}.Job().Kind:
		return GrantGiven{User: user, Grant: id}
	case GrantClosed{}.Job().Kind:
		return GrantClosed{User: user, Grant: id}
	case GiftClosed{}.Job().Kind:
		return GiftClosed{Payment: about}
	case PasskeyAdded{}.Job().Kind:
		return PasskeyAdded{User: user, Passkey: id}
	case ContentUpdateMail{}.Job().Kind:
		return ContentUpdateMail{User: user, Version: id}
	}
	return nil
}
