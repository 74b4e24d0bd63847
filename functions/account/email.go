package account

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

func (e endpoint) askChange(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	typed, who := r.PostFormValue("email"), access.Of(r.Context())
	keep := func(s *settings) { s.NewEmail = typed }
	email, err := accounts.Email(typed)
	if err != nil {
		return e.answer(w, r, keep, err)
	}
	if email == who.Email {
		return e.answer(w, r, keep, fault.In("email", "This is your address already. Enter the new one."))
	}
	var id uuid.UUID
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) (err error) {
		id, err = accounts.AskChange(r.Context(), tx, who.User, email)
		return err
	})
	if err != nil {
		if f := fault.Of(err); f.Kind == fault.TooMany {
			f.Field = "email"
		}
		return e.answer(w, r, keep, err)
	}
	return web.SeeOther(w, r, "/account/email/"+id.String())
}

// changing is the page that asks for the code.
type changing struct {
	Change uuid.UUID
	Email  string
	Typed  string
	Over   bool
	Text   string // what is wrong
}

func (e endpoint) showChange(w http.ResponseWriter, r *http.Request) error {
	return e.answerChange(w, r, "", nil)
}

// answerChange shows the page of a change of the reader's own.
func (e endpoint) answerChange(w http.ResponseWriter, r *http.Request, typed string, refused error) error {
	id, err := uuid.Parse(web.Param(r, "change"))
	if err != nil {
		return noChange()
	}
	c, err := accounts.FindChange(r.Context(), e.db, id, false)
	if err != nil {
		return err
	}
	if c.User != access.User(r.Context()) {
		return noChange()
	}
	in, status := changing{Change: id, Email: c.Email, Typed: typed}, http.StatusOK
	if over := c.Over(); over != nil {
		in.Over, refused = true, over
	}
	if refused != nil {
		f := fault.Of(refused)
		in.Text, status = f.Text, web.Status(f.Kind)
	}
	return e.email.Show(w, r, status, reader.View{Title: "Confirm your new address", Notice: e.notice, Data: in})
}

func noChange() error {
	return fault.New(fault.NotFound, "There is no such change of address. Start it again in your account.")
}

func (e endpoint) change(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	id, err := uuid.Parse(web.Param(r, "change"))
	if err != nil {
		return noChange()
	}
	typed := r.PostFormValue("code")
	digits := strings.Join(strings.Fields(typed), "")
	if len(digits) != 6 { // a slip of the finger does not count as a wrong code
		return e.answerChange(w, r, typed, fault.In("code", "Please enter the six digits from the mail."))
	}
	ended, err := e.confirmChange(r, id, digits)
	if k := fault.Of(err).Kind; err != nil && (k == fault.Invalid || k == fault.Conflict || k == fault.TooMany) {
		return e.answerChange(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	for _, hash := range ended {
		e.gate.ForgetSession(r.Context(), access.User(r.Context()), hash)
	}
	web.Cookie(w, e.secure, accounts.SessionCookie, "", 0)
	return web.SeeOther(w, r, "/signin?after=changed&next=/account")
}

// confirmChange makes the change. What is wrong with the code is returned
// after it was counted.
func (e endpoint) confirmChange(r *http.Request, id uuid.UUID, digits string) (ended [][]byte, err error) {
	ctx, user := r.Context(), access.User(r.Context())
	var refused error
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		ended, refused, err = accounts.ConfirmChange(ctx, tx, e.secret.Reveal(), user, id, digits)
		if err != nil || refused != nil {
			return err
		}
		if err := e.spareOperators(ctx, tx); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{Actor: user, Action: "address changed", Subject: audit.User(user)})
	})
	if err != nil {
		return nil, err
	}
	return ended, refused
}

// spareOperators refuses a change that would make the reader an operator: whom
// ADMIN_EMAILS names signs in with that address. It looks at the change made,
// so that whose the address is is told to nobody but who has its code.
func (e endpoint) spareOperators(ctx context.Context, tx pgx.Tx) error {
	who := access.Of(ctx)
	email, _, err := accounts.Address(ctx, tx, who.User)
	if err != nil || who.Can("operator") || !slices.Contains(e.admins, email) {
		return err
	}
	return fault.In("code", "Whoever has this address is an operator, so that no other account moves to it. Sign in with it, or have it taken out of ADMIN_EMAILS first.")
}
