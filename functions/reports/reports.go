// Package reports is where operators see the errors that readers report in
// lessons, and close them with a word.
//
//	GET  /admin/reports?state=&before=   open ones, or closed, the newest first
//	POST /admin/reports/:report?before=  closes one: outcome, word
package reports

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// sheet is how many reports a page has.
const sheet = 50

// home is the address of the page.
const home = "/admin/reports"

// closed is the state of reports that somebody has closed; others are open.
const closed = "closed"

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: home, Access: web.Operator, Handle: e.show},
		{Method: "POST", Path: home + "/:report", Access: web.Operator, Handle: e.close},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// list is a page of reports, with the form as it was typed.
type list struct {
	Reports  []report
	Next     string // the address of the page with older ones
	Closed   bool   // those that are closed
	Before   string // the report above the page, "" on the first one
	Saved    bool
	Outcomes []string

	Report, Outcome, Word string // that was to be closed, and how

	web.Mistake
}

// report is what a reader found wrong.
type report struct {
	ID      uuid.UUID
	Lesson  string
	Title   string // as readers have it now, "" if they have the lesson no more
	Module  string
	Version string // that the reader had
	Now     string // that readers have, "" if they have the lesson no more
	Text    string
	At      time.Time
	Person  *uuid.UUID // nil where nobody was signed in, or the account is deleted
	Email   string
	Closed  *time.Time
	Outcome string
	Word    string
}

// Lines returns the text line by line.
func (r report) Lines() []string { return strings.Split(r.Text, "\n") }

// outcomes returns what may become of a report.
func outcomes() []string { return []string{"mended", "answered", "no error"} }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, func(l *list) { l.Saved = r.URL.Query().Has("saved") }, nil)
}

// answer shows the page. change sets what was typed; refused tells what is
// wrong with it.
func (e endpoint) answer(w http.ResponseWriter, r *http.Request, change func(*list), refused error) error {
	l, err := e.read(r)
	if err != nil {
		return err
	}
	status, err := l.Refuse(r, refused)
	if err != nil {
		return err
	}
	change(&l)
	return e.page.Show(w, r, status, reader.View{Title: "Reported errors", Notice: e.notice, Data: l})
}

// read returns the page of reports that an address asks for.
func (e endpoint) read(r *http.Request) (l list, err error) {
	query := r.URL.Query()
	l = list{Closed: query.Get("state") == closed, Outcomes: outcomes()}
	var before uuid.UUID
	if s := query.Get("before"); s != "" {
		if before, err = uuid.Parse(s); err != nil {
			return l, fault.New(fault.NotFound, "There is no such page of reports. Begin with the newest ones.")
		}
		l.Before = before.String()
	}
	if l.Reports, err = find(r.Context(), e.db, l.Closed, before); err != nil {
		return l, err
	}
	if len(l.Reports) > sheet {
		l.Reports = l.Reports[:sheet]
		l.Next = "?before=" + l.Reports[sheet-1].ID.String()
		if l.Closed {
			l.Next += "&state=" + closed
		}
	}
	return l, nil
}

// find returns a page of reports and one more, before one of them or all.
func find(ctx context.Context, q db.Querier, closed bool, before uuid.UUID) ([]report, error) {
	rows, err := q.Query(ctx, `
		SELECT r.id, r.lesson_id, coalesce(n.title, ''), i.module_key, r.version, coalesce(n.version, ''), r.text, r.created_at, u.id, coalesce(u.email, ''),
		       r.closed_at, r.outcome, r.word
		FROM reports r
		JOIN lesson_ids i ON i.lesson_id = r.lesson_id
		LEFT JOIN users u ON u.id = r.user_id
		LEFT JOIN LATERAL (
			SELECT l.title, v.version
			FROM lessons l
			JOIN content_versions v ON v.id = l.version_id AND v.is_active
			WHERE l.lesson_id = r.lesson_id) n ON true
		WHERE (r.closed_at IS NOT NULL) = $1 AND ($2 = '00000000-0000-0000-0000-000000000000'::uuid OR r.id < $2)
		ORDER BY r.id DESC
		LIMIT $3`, closed, before, sheet+1)
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[report])
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return all, nil
}

// noReport says that there is none of this id.
func noReport() error {
	return fault.New(fault.NotFound, "There is no such report. The list shows all that are open.")
}

// closing reports whether a report is there, and closed.
func closing(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	var closed bool
	err := tx.QueryRow(ctx, `
		SELECT closed_at IS NOT NULL
		FROM reports
		WHERE id = $1
		FOR UPDATE`, id).Scan(&closed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return noReport()
	case err != nil:
		return fmt.Errorf("report %s: %w", id, err)
	case closed:
		return fault.New(fault.Conflict, "Somebody has closed this report already. It is among the closed ones, with what they had to say.")
	}
	return nil
}
