package post

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
)

// greeting is what the welcome says.
type greeting struct {
	Name, Email, URL, Contact string
}

// Welcome greets a user after the first sign-in.
func (j Jobs) Welcome(ctx context.Context, a job.WelcomeEmail) error {
	email, name, err := account.Address(ctx, j.DB, a.User)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // the account was deleted
	}
	if err != nil {
		return err
	}
	return j.once(ctx, cause{
		key: "welcome:" + a.User.String(), kind: a.Job().Kind, user: &a.User, to: email, kept: "Welcome to the Interactive Pilot Handbook",
	}, "welcome", greeting{Name: name, Email: email, URL: j.Config.AuthURL, Contact: j.contact()})
}
