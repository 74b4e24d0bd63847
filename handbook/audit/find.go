package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Record is an entry as it is read.
type Record struct {
	ID      uuid.UUID      `json:"id"`
	At      time.Time      `json:"at"`
	Actor   *uuid.UUID     `json:"actor"` // nil for the handbook itself
	By      string         `json:"by"`    // the actor in words
	Action  string         `json:"action"`
	Subject string         `json:"subject"`
	About   string         `json:"about"` // the subject in words
	Detail  map[string]any `json:"detail"`
}

// What returns the action as the beginning of a line.
func (r Record) What() string {
	n := min(1, len(r.Action))
	return strings.ToUpper(r.Action[:n]) + r.Action[n:]
}

// Filter says which entries are wanted. Its zero value wants all.
type Filter struct {
	Person uuid.UUID // who did it, or to whom it was done
	Action string
	Before uuid.UUID // entries older than this one
	Limit  int       // zero is no limit
}

// Find returns entries, the newest first.
func Find(ctx context.Context, q db.Querier, f Filter) ([]Record, error) {
	rows, err := q.Query(ctx, `
		SELECT id, at, actor, action, subject, detail
		FROM audit_log
		WHERE ($1 = '00000000-0000-0000-0000-000000000000'::uuid OR actor = $1 OR subject = 'user:' || $1::text)
		  AND ($2 = '' OR action = $2)
		  AND ($3 = '00000000-0000-0000-0000-000000000000'::uuid OR id < $3)
		ORDER BY id DESC
		LIMIT nullif($4, 0)`, f.Person, f.Action, f.Before, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Record, err error) {
		return r, row.Scan(&r.ID, &r.At, &r.Actor, &r.Action, &r.Subject, &r.Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return all, name(ctx, q, all)
}

// name puts addresses where the log has ids.
func name(ctx context.Context, q db.Querier, all []Record) error {
	var ids []uuid.UUID
	for _, r := range all {
		if r.Actor != nil {
			ids = append(ids, *r.Actor)
		}
		if id, ok := UserOf(r.Subject); ok {
			ids = append(ids, id)
		}
	}
	rows, err := q.Query(ctx, `
		SELECT id, email
		FROM users
		WHERE id = ANY($1)`, ids)
	if err != nil {
		return fmt.Errorf("who is in the audit log: %w", err)
	}
	emails := map[uuid.UUID]string{}
	var id uuid.UUID
	var email string
	_, err = pgx.ForEachRow(rows, []any{&id, &email}, func() error {
		emails[id] = email
		return nil
	})
	if err != nil {
		return fmt.Errorf("who is in the audit log: %w", err)
	}
	for i := range all {
		all[i].say(emails)
	}
	return nil
}

// say finds words for who did it, and to whom.
func (r *Record) say(emails map[uuid.UUID]string) {
	who := func(id uuid.UUID) string {
		if email := emails[id]; email != "" {
			return email
		}
		return "a deleted account"
	}
	r.By, r.About = "the handbook itself", strings.Replace(r.Subject, ":", " ", 1)
	if r.Actor != nil {
		r.By = who(*r.Actor)
	}
	if id, ok := UserOf(r.Subject); ok {
		r.About = who(id)
	}
}

// UserOf returns the user whom a subject names, if it names one.
func UserOf(subject string) (uuid.UUID, bool) {
	s, ok := strings.CutPrefix(subject, "user:")
	id, err := uuid.Parse(s)
	return id, ok && err == nil
}

// Payment names a payment of nobody as a subject, as Stripe does.
func Payment(id string) string { return "payment:" + id }

// Module names a module as a subject.
func Module(key string) string { return "module:" + key }

// Event names an event of Stripe as a subject.
func Event(id string) string { return "event:" + id }

// Job names a job as a subject.
func Job(id uuid.UUID) string { return "job:" + id.String() }

// Jobs names all jobs of a kind as a subject.
func Jobs(kind string) string { return "jobs:" + kind }

// Report names what a reader found wrong as a subject.
func Report(id uuid.UUID) string { return "report:" + id.String() }
