// Package mails is where operators see which mails somebody was sent, and have
// one sent again.
//
//	GET  /admin/people/:person/mails          the latest, with how each fared, and the forms
//	POST /admin/people/:person/mails/:mail    sends one again: act, reason
//
// A mail has one cause and is sent once. To send it again is an act of its own,
// with the id that its form was made with: however often the form comes, one
// mail comes of it. What it tells is asked afresh, and it goes to the address
// of the moment. Codes are never sent again, as they are dead by then.
package mails

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// sheet is how many mails the page has.
const sheet = 100

// limit keeps a slip from filling somebody's mailbox.
var limit = web.Limit{Name: "resend", Reader: web.Rate{N: 60, Per: time.Hour}}

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/admin/people/:person/mails", Access: web.Operator, Handle: e.show},
		{Method: "POST", Path: "/admin/people/:person/mails/:mail", Access: web.Operator, Handle: confirm.First(p.DB, "/admin/people", e.resend), Limit: limit},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// view is the page, with the form as it was typed.
type view struct {
	Person      uuid.UUID
	Email, Name string
	Mails       []mail
	Recent      bool // signed in a moment ago
	Confirm     string
	Saved       bool

	Mail, Reason string // that was to be sent again, and why

	web.Mistake
}

// mail is one that somebody was sent, or is to be.
type mail struct {
	ID      uuid.UUID
	Kind    string
	Subject string
	Address string // "" once the mail's address is forgotten
	State   string // pending, sent or failed
	At      time.Time
	Cause   string
	Again   []act
	Act     uuid.UUID // for the form that sends it again
	Never   string    // why it is not sent again, "" if it can be
}

// act is one time that a mail was sent again, the latest first.
type act struct {
	Reason  string
	At      time.Time
	Due     bool // false where there was nothing to tell any more
	State   string
	Address string
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, func(v *view) { v.Saved = r.URL.Query().Has("saved") }, nil)
}

// answer shows the page. change sets what was typed; refused tells what is
// wrong with it.
func (e endpoint) answer(w http.ResponseWriter, r *http.Request, change func(*view), refused error) error {
	var v view
	status, err := v.Refuse(r, refused)
	if err != nil {
		return err
	}
	if err := e.read(r, &v); err != nil {
		return err
	}
	change(&v)
	return e.page.Show(w, r, status, reader.View{Title: "Mails to " + v.Email, Notice: e.notice, Data: v})
}

func (e endpoint) read(r *http.Request, v *view) (err error) {
	ctx := r.Context()
	if v.Person, err = account.Person(web.Param(r, "person")); err != nil {
		return err
	}
	v.Email, v.Name, err = account.Address(ctx, e.db, v.Person)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.Nobody()
	}
	if err != nil {
		return err
	}
	v.Confirm = confirm.Page(path(v.Person))
	if v.Recent, err = confirm.Recent(ctx, e.db); err != nil {
		return err
	}
	v.Mails, err = to(ctx, e.db, v.Person, v.Email)
	return err
}

func path(person uuid.UUID) string { return "/admin/people/" + person.String() + "/mails" }

// to returns the latest mails to somebody, and, of the last week, those to
// their address that were written before it was known whose it is.
func to(ctx context.Context, q db.Querier, user uuid.UUID, email string) ([]mail, error) {
	rows, err := q.Query(ctx, `
		SELECT id, kind, subject, address, state, coalesce(sent_at, created_at) AS at, cause
		FROM (SELECT id, kind, subject, address, state, sent_at, created_at, cause FROM mails WHERE user_id = $1 AND cause NOT LIKE 'resend:%'
		      UNION ALL
		      SELECT id, kind, subject, address, state, sent_at, created_at, cause FROM mails WHERE user_id IS NULL AND address <> '' AND address = $2 AND created_at > now() - interval '7 days') AS m
		ORDER BY at DESC, id
		LIMIT $3`, user, email, sheet)
	if err != nil {
		return nil, fmt.Errorf("mails to %s: %w", user, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m mail, err error) {
		return m, row.Scan(&m.ID, &m.Kind, &m.Subject, &m.Address, &m.State, &m.At, &m.Cause)
	})
	if err != nil {
		return nil, fmt.Errorf("mails to %s: %w", user, err)
	}
	acts, err := acts(ctx, q, user)
	if err != nil {
		return nil, err
	}
	for i := range all {
		m := &all[i]
		m.Again, m.Never = acts[m.ID], never(*m, user)
		if m.Act, err = uuid.NewV7(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// acts returns how often somebody's mails were sent again, by mail.
func acts(ctx context.Context, q db.Querier, user uuid.UUID) (map[uuid.UUID][]act, error) {
	rows, err := q.Query(ctx, `
		SELECT r.mail_id, r.reason, r.at, r.due, coalesce(m.state, 'pending'), coalesce(m.address, '')
		FROM resends r
		LEFT JOIN mails m ON m.cause = 'resend:' || r.id
		WHERE r.user_id = $1
		ORDER BY r.at DESC, r.id`, user)
	if err != nil {
		return nil, fmt.Errorf("mails sent again to %s: %w", user, err)
	}
	all := map[uuid.UUID][]act{}
	var of uuid.UUID
	var a act
	_, err = pgx.ForEachRow(rows, []any{&of, &a.Reason, &a.At, &a.Due, &a.State, &a.Address}, func() error {
		all[of] = append(all[of], a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mails sent again to %s: %w", user, err)
	}
	return all, nil
}

// never says why a mail is not sent again, "" if it can be.
func never(m mail, user uuid.UUID) string {
	switch {
	case m.Kind == job.SignInCode{}.Job().Kind:
		return "A code is never sent again: it is dead by now. They ask for another one where they sign in."
	case m.Kind == job.EmailChangeCode{}.Job().Kind:
		return "A code is never sent again: it is dead by now. They begin the change of their address once more."
	case job.Mailing(m.Kind, m.Cause, user) == nil:
		return "A mail of this kind is sent only once."
	case m.State == "pending":
		return "It is still being tried. If that was given up, have its job tried again at /admin/jobs."
	}
	return ""
}
