// Package audit shows operators the record of who did what to whom. Nothing
// here changes it.
//
//	GET /admin/audit?person=&action=&before=       entries, the newest first, as a page
//	GET /api/admin/audit?person=&action=&before=   the same as JSON
package audit

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	records "pilothandbook/handbook/audit"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// sheet is how many entries a page has.
const sheet = 50

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/admin/audit", Access: web.Operator, Handle: e.show},
		{Method: "GET", Path: "/api/admin/audit", Access: web.Operator, Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// log is a page of the record, with what was asked for.
type log struct {
	Entries []entry `json:"entries"`
	Next    string  `json:"next,omitempty"` // the address of the page with older ones

	Person  string   `json:"-"` // as it was typed
	Action  string   `json:"-"`
	Actions []string `json:"-"` // that there are
	Wrong   string   `json:"-"` // what is wrong with the person
	Older   bool     `json:"-"` // not the first page
}

// entry is a record with what a page needs beside it.
type entry struct {
	records.Record
	Person string   `json:"-"` // the page of the one it is about, "" if it is about nobody
	Facts  []string `json:"-"` // what is known beside who, what and whom, in words
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	status := http.StatusOK
	l, err := e.read(r.Context(), r.URL)
	if f := fault.Of(err); err != nil && f.Field == "person" {
		l.Wrong, status, err = f.Text, http.StatusBadRequest, nil
	}
	if err != nil {
		return err
	}
	if l.Actions, err = actions(r.Context(), e.db); err != nil {
		return err
	}
	if err := explain(r.Context(), e.db, l.Entries); err != nil {
		return err
	}
	return e.page.Show(w, r, status, reader.View{Title: "What was done", Notice: e.notice, Data: l})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	l, err := e.read(r.Context(), r.URL)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, l)
}

// read returns the page of the record that an address asks for.
func (e endpoint) read(ctx context.Context, asked *url.URL) (log, error) {
	query := asked.Query()
	l := log{Entries: []entry{}, Person: query.Get("person"), Action: query.Get("action")}
	f := records.Filter{Limit: sheet + 1}
	var err error
	if l.Person != "" {
		if f.Person, err = whom(ctx, e.db, l.Person); err != nil {
			return l, err
		}
	}
	if f.Action, err = text(l.Action); err != nil {
		return l, err
	}
	if before := query.Get("before"); before != "" {
		if f.Before, err = uuid.Parse(before); err != nil {
			return l, fault.New(fault.NotFound, "There is no such page of the record. Begin with the newest entries.")
		}
		l.Older = true
	}
	found, err := records.Find(ctx, e.db, f)
	if err != nil {
		return l, err
	}
	if len(found) > sheet {
		found = found[:sheet]
		query.Set("before", found[sheet-1].ID.String())
		l.Next = asked.Path + "?" + query.Encode()
	}
	for _, r := range found {
		one := entry{Record: r}
		if id, ok := records.UserOf(r.Subject); ok {
			one.Person = "/admin/people/" + id.String()
		}
		l.Entries = append(l.Entries, one)
	}
	return l, nil
}

// text refuses what PostgreSQL cannot compare.
func text(s string) (string, error) {
	if strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
		return "", fault.In("action", "There is no such action. Choose one of the list, or all.")
	}
	return s, nil
}

// whom returns the id of a person who is named by address or id. An id may be
// that of a deleted account.
func whom(ctx context.Context, q db.Querier, typed string) (uuid.UUID, error) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if id, err := uuid.Parse(typed); err == nil {
		return id, nil
	}
	nobody := fault.In("person", "No account has this address. Enter the whole address, or the id of an account.")
	if _, err := text(typed); err != nil {
		return uuid.Nil, nobody
	}
	var id uuid.UUID
	err := q.QueryRow(ctx, `
		SELECT id
		FROM users
		WHERE email = $1`, typed).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nobody
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("whom the audit log is asked about: %w", err)
	}
	return id, nil
}

// actions returns all actions that were ever written, each by one look at the
// index, however many entries there are.
func actions(ctx context.Context, q db.Querier) ([]string, error) {
	rows, err := q.Query(ctx, `
		WITH RECURSIVE found AS (
			SELECT min(action) AS action FROM audit_log
			UNION ALL
			SELECT (SELECT min(action) FROM audit_log WHERE action > found.action)
			FROM found
			WHERE action IS NOT NULL)
		SELECT action
		FROM found
		WHERE action IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("actions of the audit log: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
