package post

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// moving is what the mails about a change of address say.
type moving struct {
	Digits, Until string
	Email, URL    string
	Contact       string
}

// EmailChangeCode makes the code of a change of address and mails it to the
// new one. Each try makes another, and is a mail of its own.
func (j Jobs) EmailChangeCode(ctx context.Context, a job.EmailChangeCode) error {
	c, err := account.FindChange(ctx, j.DB, a.Change, false)
	if fault.Is(err, fault.NotFound) || err == nil && c.Over() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	id, due, err := j.claim(ctx, cause{
		key: "email-change:" + a.Change.String(), kind: a.Job().Kind, user: &c.User, to: c.Email, kept: "Confirm your new address", fresh: true,
	})
	if err != nil || !due {
		return err
	}
	digits, err := account.MakeChangeCode(ctx, j.DB, j.Config.AuthSecret.Reveal(), a.Change)
	if err != nil {
		return err
	}
	return j.send(ctx, letter{
		id: id, to: c.Email, subject: digits + " confirms your new address", page: "moving",
		data: moving{Digits: digits, Until: c.Expires.UTC().Format("15:04"), URL: j.Config.AuthURL, Contact: j.contact()},
	})
}

// EmailChanged tells the old address that the account has another one now.
func (j Jobs) EmailChanged(ctx context.Context, a job.EmailChanged) error {
	c, err := account.FindChange(ctx, j.DB, a.Change, false)
	if fault.Is(err, fault.NotFound) || err == nil && c.Former == "" {
		return nil
	}
	if err != nil {
		return err
	}
	return j.once(ctx, cause{
		key: "email-changed:" + a.Change.String(), kind: a.Job().Kind, user: &c.User, to: c.Former, kept: "Your account has a new address",
	}, "moved", moving{Email: c.Email, URL: j.Config.AuthURL, Contact: j.contact()})
}

// Goodbye confirms that an account was deleted, and then forgets the address.
func (j Jobs) Goodbye(ctx context.Context, a job.Goodbye) error {
	var to, subject string
	err := j.DB.QueryRow(ctx, `
		SELECT address, subject
		FROM mails
		WHERE id = $1 AND state = 'pending' AND address <> ''`, a.Mail).Scan(&to, &subject)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("goodbye %s: %w", a.Mail, err)
	}
	err = j.send(ctx, letter{
		id: a.Mail, to: to, subject: subject, page: "goodbye", data: moving{URL: j.Config.AuthURL, Contact: j.contact()},
	})
	return errors.Join(err, forget(ctx, j.DB, a.Mail))
}

// forget removes the address of a mail that is not tried again.
func forget(ctx context.Context, q db.Querier, id uuid.UUID) error {
	_, err := q.Exec(ctx, `UPDATE mails SET address = '' WHERE id = $1 AND state <> 'pending'`, id)
	if err != nil {
		return fmt.Errorf("forget the address of mail %s: %w", id, err)
	}
	return nil
}
