package post

import (
	"context"
	"net/url"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/fault"
)

// code is what the sign-in mail says.
type code struct {
	Digits, Link string
	Until        string
}

// SignInCode makes the code and link of a sign-in and mails them. A request
// that is over gets none. Each try makes new ones, and is a mail of its own:
// were it taken for a repetition, the code that no longer counts would be the
// one that is read.
func (j Jobs) SignInCode(ctx context.Context, a job.SignInCode) error {
	q, err := account.FindRequest(ctx, j.DB, a.Request, false)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if q.Over() != nil {
		return nil
	}
	// What is stored of the subject does not hold the code: it signs in.
	id, due, err := j.claim(ctx, cause{
		key: "signin:" + a.Request.String(), kind: a.Job().Kind, to: q.Email, kept: "Your sign-in code", fresh: true,
	})
	if err != nil || !due {
		return err
	}
	c, err := account.MakeCode(ctx, j.DB, j.Config.AuthSecret.Reveal(), a.Request)
	if err != nil {
		return err
	}
	if c.Digits == "" {
		return j.nobody(ctx, id)
	}
	link := j.Config.AuthURL + "/signin/" + a.Request.String() + "?link=" + url.QueryEscape(c.Link)
	return j.send(ctx, letter{
		id: id, to: c.Email, subject: c.Digits + " is your sign-in code", page: "signin",
		data: code{Digits: c.Digits, Link: link, Until: c.Expires.UTC().Format("15:04")},
	})
}
