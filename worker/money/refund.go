package money

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// due is a payment that is to be given back.
type due struct {
	id      uuid.UUID
	refused int // how often Stripe has answered that it does not
	payment string
	amount  int64
	money   string // its currency
	reason  string
	done    bool
	nobodys bool   // the account of whoever paid is deleted, so that we know no address
	told    string // where an account that is deleted is told, from Stripe
}

// Refund gives a payment back and has its payer told.
func (j Jobs) Refund(ctx context.Context, a job.RefundPayment) error {
	d := due{payment: a.Payment}
	err := j.db.QueryRow(ctx, `
		SELECT id, refused, amount, currency, reason, stripe_refund_id IS NOT NULL, user_id IS NULL
		FROM refunds
		WHERE stripe_payment_id = $1`, a.Payment).Scan(&d.id, &d.refused, &d.amount, &d.money, &d.reason, &d.done, &d.nobodys)
	if errors.Is(err, pgx.ErrNoRows) {
		return queue.Permanent(fmt.Errorf("nobody asked for a refund of %s", a.Payment))
	}
	if err != nil {
		return fmt.Errorf("refund of %s: %w", a.Payment, err)
	}
	if d.done {
		return nil
	}
	if err := queue.Say(ctx, "asking Stripe"); err != nil {
		return err
	}
	id, err := j.giveBack(ctx, &d)
	if err != nil {
		return errors.Join(err, j.refuse(ctx, d, err))
	}
	return j.given(ctx, d, id)
}

// key returns the idempotency key: the same until Stripe has answered.
func (d due) key() string {
	if d.refused == 0 {
		return "refund:" + d.id.String()
	}
	return fmt.Sprintf("refund:%s:%d", d.id, d.refused)
}

// giveBack asks Stripe and returns the refund's id. A payment that is given
// back already, by whomever, is so.
func (j Jobs) giveBack(ctx context.Context, d *due) (string, error) {
	reason := stripe.RefundReasonRequestedByCustomer
	if d.reason == "duplicate" {
		reason = stripe.RefundReasonDuplicate
	}
	p := &stripe.RefundParams{PaymentIntent: &d.payment, Reason: stripe.String(string(reason))}
	p.Context = ctx
	p.SetIdempotencyKey(d.key())
	p.AddExpand("charge")
	r, err := j.stripe.Refunds.New(p)
	refusal, refused := errors.AsType[*stripe.Error](err)
	switch {
	case refused && refusal.Code == stripe.ErrorCodeChargeAlreadyRefunded:
		return "already", nil
	case refused && final(refusal):
		return "", queue.Permanent(fmt.Errorf("refund %s: %w", d.payment, err))
	case err != nil:
		return "", fmt.Errorf("refund %s: %w", d.payment, err)
	}
	if string(r.Currency) == d.money { // and not the buyer's own
		d.amount = r.Amount
	}
	if d.nobodys && r.Charge != nil && r.Charge.BillingDetails != nil {
		d.told = r.Charge.BillingDetails.Email
	}
	return r.ID, nil
}

// final reports whether asking again would not help until something has
// changed: an operator must look, at a payment that is disputed for example.
func final(e *stripe.Error) bool {
	return e.HTTPStatusCode == http.StatusBadRequest || e.HTTPStatusCode == http.StatusPaymentRequired || e.HTTPStatusCode == http.StatusNotFound
}

// refuse notes that Stripe has answered, but not given the payment back. It
// keeps that answer for a day under the key, so that the next call has another;
// where no answer came the next one has the same, and gets that of the first.
func (j Jobs) refuse(ctx context.Context, d due, err error) error {
	answer, ok := errors.AsType[*stripe.Error](err)
	if !ok || !final(answer) && answer.HTTPStatusCode < http.StatusInternalServerError {
		return nil
	}
	_, err = j.db.Exec(ctx, `
		UPDATE refunds
		SET refused = refused + 1
		WHERE id = $1 AND refused = $2`, d.id, d.refused)
	if err != nil {
		return fmt.Errorf("note that Stripe refused to give %s back: %w", d.payment, err)
	}
	return nil
}

// given notes that a payment was given back, and has its payer told.
func (j Jobs) given(ctx context.Context, d due, id string) error {
	return db.Tx(ctx, j.db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE refunds
			SET stripe_refund_id = $2, amount = $3
			WHERE id = $1 AND stripe_refund_id IS NULL`, d.id, id, d.amount)
		if err != nil {
			return fmt.Errorf("refund of %s is given: %w", d.payment, err)
		}
		if tag.RowsAffected() == 1 {
			if err := tell(ctx, tx, d); err != nil {
				return err
			}
		}
		return queue.Finish(ctx, tx, map[string]string{"refund": id})
	})
}

// tell adds the mail. Of an account that is deleted, the mail's row is the one
// place that holds an address, until it is sent.
func tell(ctx context.Context, tx pgx.Tx, d due) error {
	notice := job.RefundNotice{Payment: d.payment}
	if d.told != "" {
		_, err := tx.Exec(ctx, `
			INSERT INTO mails (id, cause, kind, address)
			VALUES ($1, $2, $3, $4)
			ON CONFLICT (cause) DO NOTHING`, uuid.Must(uuid.NewV7()), "refund:"+d.payment, notice.Job().Kind, d.told)
		if err != nil {
			return fmt.Errorf("mail about the refund of %s: %w", d.payment, err)
		}
	}
	_, err := queue.Add(ctx, tx, notice)
	return err
}
