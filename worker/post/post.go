// Package post writes and sends the handbook's mails: codes, what happened to
// an account or a purchase, and news of what somebody owns.
//
// Each mail has a cause and a row in mails, made before it is sent, so that a
// job that runs again neither forgets a mail nor sends a second one. A try
// whose answer was lost on the way back cannot be told from one that failed:
// then the mail goes out again, under the same Message-ID, by which a mailbox
// knows the repetition.
package post

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/mail"
	"pilothandbook/platform/queue"
)

// Jobs are the jobs of this package.
type Jobs struct {
	DB     *db.Pool
	Mail   *mail.Sender
	Config *config.Config

	act uuid.UUID // of the operator who has a mail sent again, zero for what is sent by itself
}

// letter is a mail to be.
type letter struct {
	id      uuid.UUID // of its row, and its Message-ID
	to      string
	subject string
	page    string // name of its templates
	data    any
	header  map[string]string // beside what every mail has
}

// cause is why a mail is sent: one mail per key.
type cause struct {
	key   string
	kind  string
	user  *uuid.UUID // nil for an address that may be nobody's
	to    string
	kept  string // the subject as it is stored
	fresh bool   // each try is another mail, with a Message-ID of its own

	header map[string]string // beside what every mail has
}

// claim returns the id of the cause's mail, and false when it was sent
// already, or its user's account was deleted meanwhile. It is the last chance to notice that the job was given to another
// worker.
func (j Jobs) claim(ctx context.Context, c cause) (uuid.UUID, bool, error) {
	if err := queue.Say(ctx, "sending"); err != nil {
		return uuid.Nil, false, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, false, err
	}
	if j.act != uuid.Nil {
		c.key = job.Resent(j.act)
	}
	err = j.DB.QueryRow(ctx, `
		INSERT INTO mails AS m (id, cause, kind, user_id, address, subject)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (cause) DO UPDATE
		SET id = CASE WHEN $7 THEN excluded.id ELSE m.id END,
		    state = 'pending', address = excluded.address, subject = excluded.subject
		WHERE m.state <> 'sent' AND m.user_id IS NOT DISTINCT FROM excluded.user_id
		RETURNING id`, id, c.key, c.kind, c.user, c.to, c.kept, c.fresh).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, false, nil
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("claim mail %s: %w", c.key, err)
	}
	return id, true, nil
}

// send delivers a letter whose row is claimed.
func (j Jobs) send(ctx context.Context, l letter) error {
	text, html, err := compose(l)
	if err != nil {
		return queue.Permanent(err)
	}
	header := map[string]string{"Auto-Submitted": "auto-generated"} // no out-of-office answers
	maps.Copy(header, l.header)
	err = j.Mail.Send(ctx, mail.Message{ID: l.id.String(), To: l.to, Subject: l.subject, Text: text, HTML: html, Header: header})
	if mail.Permanent(err) {
		return queue.Permanent(errors.Join(err, j.failed(ctx, l.id)))
	}
	if err != nil {
		return err
	}
	return j.sent(ctx, l.id)
}

// sent notes that a mail is on its way. That is true whoever has the job by
// now, so that it is neither fenced nor ended with the job.
func (j Jobs) sent(ctx context.Context, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	_, err := j.DB.Exec(ctx, `
		UPDATE mails
		SET state = 'sent', sent_at = now()
		WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("mail %s sent: %w", id, err)
	}
	return nil
}

// noteTimeout bounds noting that a mail was sent.
const noteTimeout = 5 * time.Second

// failed notes that a mail was refused for good.
func (j Jobs) failed(ctx context.Context, id uuid.UUID) error {
	_, err := j.DB.Exec(ctx, `
		UPDATE mails
		SET state = 'failed'
		WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("mail %s failed: %w", id, err)
	}
	return nil
}

// nobody notes that a mail goes to nobody: what it is about was over, or gone
// with its account, before the row was made, and no address stays with it.
func (j Jobs) nobody(ctx context.Context, id uuid.UUID) error {
	_, err := j.DB.Exec(ctx, `
		UPDATE mails
		SET state = 'failed', address = ''
		WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("mail %s to nobody: %w", id, err)
	}
	return nil
}

// once sends the one mail of a cause.
func (j Jobs) once(ctx context.Context, c cause, page string, data any) error {
	id, due, err := j.claim(ctx, c)
	if err != nil || !due {
		return err
	}
	return j.send(ctx, letter{id: id, to: c.to, subject: c.kept, page: page, data: data, header: c.header})
}
