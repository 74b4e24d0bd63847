package mails

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
)

// wish is to have a mail sent again.
type wish struct {
	act, person, mail uuid.UUID
	reason            string
}

func (e endpoint) resend(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	wanted, err := read(r)
	if err == nil {
		err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return wanted.write(r.Context(), tx) })
	}
	if err != nil {
		return e.answer(w, r, func(v *view) { v.keep(wanted, r.PostFormValue("reason")) }, err)
	}
	return web.SeeOther(w, r, path(wanted.person)+"?saved")
}

// keep has the page show a form as it was typed.
func (v *view) keep(w wish, reason string) {
	v.Mail, v.Reason = w.mail.String(), reason
	for i := range v.Mails {
		if v.Mails[i].ID == w.mail && w.act != uuid.Nil {
			v.Mails[i].Act = w.act
		}
	}
}

// read reads the form.
func read(r *http.Request) (w wish, err error) {
	if w.person, err = account.Person(web.Param(r, "person")); err != nil {
		return w, err
	}
	if w.mail, err = uuid.Parse(web.Param(r, "mail")); err != nil {
		return w, noMail()
	}
	if w.act, err = uuid.Parse(r.PostFormValue("act")); err != nil || w.act == uuid.Nil {
		return w, fault.In("reason", "This form was not complete. Please send it again as it stands now.")
	}
	w.reason, err = audit.Reason("reason", r.PostFormValue("reason"))
	return w, err
}

func noMail() error {
	return fault.New(fault.NotFound, "There is no such mail to this person. The list of their mails shows all there are.")
}

// write has the mail sent again, unless this very act was written already.
func (w wish) write(ctx context.Context, tx pgx.Tx) error {
	m := mail{ID: w.mail}
	err := tx.QueryRow(ctx, `
		SELECT m.kind, m.cause, m.state
		FROM mails m
		JOIN users u ON u.id = m.user_id
		WHERE m.id = $1 AND u.id = $2
		FOR KEY SHARE OF u`, w.mail, w.person).Scan(&m.Kind, &m.Cause, &m.State)
	if errors.Is(err, pgx.ErrNoRows) {
		return noMail()
	}
	if err != nil {
		return fmt.Errorf("mail %s to %s: %w", w.mail, w.person, err)
	}
	if why := never(m, w.person); why != "" {
		return fault.New(fault.Conflict, "%s", why)
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO resends (id, user_id, mail_id, reason)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING`, w.act, w.person, w.mail, w.reason)
	if err != nil {
		return fmt.Errorf("resend %s: %w", w.mail, err)
	}
	if tag.RowsAffected() == 0 {
		return nil // a second click
	}
	if _, err := queue.Add(ctx, tx, job.ResendMail{User: w.person, Resend: w.act}); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: access.User(ctx), Action: "mail resent", Subject: audit.User(w.person), Detail: map[string]any{"mail": w.mail, "kind": m.Kind, "resend": w.act},
	})
}
