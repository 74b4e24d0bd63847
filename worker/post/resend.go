package post

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/queue"
)

// Resend sends a mail again, with what there is to tell now and to the address
// that its user has now. Where its cause has gone meanwhile, such as a purchase
// that was refunded, it sends none and says so.
func (j Jobs) Resend(ctx context.Context, a job.ResendMail) error {
	var kind, cause string
	err := j.DB.QueryRow(ctx, `
		SELECT m.kind, m.cause
		FROM resends r
		JOIN mails m ON m.id = r.mail_id
		WHERE r.id = $1 AND r.user_id = $2`, a.Resend, a.User).Scan(&kind, &cause)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // the account was deleted
	}
	if err != nil {
		return fmt.Errorf("resend %s: %w", a.Resend, err)
	}
	if err := j.again(ctx, a, kind, cause); err != nil {
		return err
	}
	_, err = j.DB.Exec(ctx, `
		UPDATE resends
		SET due = false
		WHERE id = $1 AND NOT EXISTS (SELECT FROM mails WHERE cause = $2)`, a.Resend, job.Resent(a.Resend))
	if err != nil {
		return fmt.Errorf("resend %s: %w", a.Resend, err)
	}
	return nil
}

// again does the job that made a mail of this kind and cause, for an act.
func (j Jobs) again(ctx context.Context, a job.ResendMail, kind, cause string) error {
	j.act = a.Resend
	switch first := job.Mailing(kind, cause, a.User).(type) {
	case job.WelcomeEmail:
		return j.Welcome(ctx, first)
	case job.PurchaseConfirmation:
		return j.Confirmation(ctx, first)
	case job.PaymentFailed:
		return j.PaymentFailed(ctx, first)
	case job.RefundNotice:
		return j.RefundNotice(ctx, first)
	case job.GrantGiven:
		return j.Given(ctx, first)
	case job.GrantClosed:
		return j.Closed(ctx, first)
	case job.GiftClosed:
		return j.GiftClosed(ctx, first)
	case job.PasskeyAdded:
		return j.PasskeyAdded(ctx, first)
	case job.ContentUpdateMail:
		return j.Update(ctx, first)
	}
	return queue.Permanent(fmt.Errorf("a mail of kind %s is never sent again", kind))
}
