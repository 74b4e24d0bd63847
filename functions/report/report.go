// Package report takes in the errors that readers find in lessons.
//
//	GET  /reports/:lesson  a form
//	POST /reports/:lesson  text, 10 to 4,000 characters
package report

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// The bounds of a report, in characters, and of how many one lesson gets.
const (
	shortest = 10
	longest  = 4000
	perHour  = 20
)

// limit leaves room for a class that reads behind one address.
var limit = web.Limit{
	Name: "report", Reader: web.Rate{N: 30, Per: time.Hour}, Address: web.Rate{N: 120, Per: time.Hour}, Total: web.Rate{N: 5000, Per: time.Hour},
}

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/reports/:lesson", Access: web.Public, Handle: e.show},
		{Method: "POST", Path: "/reports/:lesson", Access: web.Public, Handle: e.take, Limit: limit},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// view is the form, or the thanks for it.
type view struct {
	Lesson lesson
	Text   string       // what was typed
	Fault  *fault.Error // what is wrong with it
	Thanks bool
}

// lesson is what a report is about.
type lesson struct {
	ID, Title, Module, ModuleTitle, Version string
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	l, err := find(r.Context(), e.db, web.Param(r, "lesson"))
	if err != nil {
		return err
	}
	return e.answer(w, r, http.StatusOK, view{Lesson: l, Thanks: r.URL.Query().Has("thanks")})
}

func (e endpoint) take(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	l, err := find(r.Context(), e.db, web.Param(r, "lesson"))
	if err != nil {
		return err
	}
	typed := r.PostFormValue("text")
	text, err := check(typed)
	if err == nil {
		err = e.keep(r.Context(), l, text)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && web.WantsPage(r) {
		return e.answer(w, r, web.Status(f.Kind), view{Lesson: l, Text: typed, Fault: f})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/reports/"+l.ID+"?thanks")
}

func (e endpoint) answer(w http.ResponseWriter, r *http.Request, status int, v view) error {
	return e.page.Show(w, r, status, reader.View{Title: "Report an error", Notice: e.notice, Data: v})
}

// check returns the text as it is kept.
func check(typed string) (string, error) {
	text := strings.ReplaceAll(strings.ToValidUTF8(typed, "\uFFFD"), "\r\n", "\n")
	text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", ""))
	switch n := utf8.RuneCountInString(text); {
	case n < shortest:
		return "", fault.In("text", "Please say in a few words what is wrong, and where.")
	case n > longest:
		return "", fault.In("text", "This has %d characters. Please shorten it to %d.", n, longest)
	}
	return text, nil
}

func find(ctx context.Context, q db.Querier, id string) (lesson, error) {
	var l lesson
	if !version.Plain(id) {
		return l, unknown(id)
	}
	err := q.QueryRow(ctx, `
		SELECT l.lesson_id, l.title, l.module_key, v.title, v.version
		FROM lessons l
		JOIN content_versions v ON v.id = l.version_id
		WHERE l.lesson_id = $1 AND v.is_active`, id).Scan(&l.ID, &l.Title, &l.Module, &l.ModuleTitle, &l.Version)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, unknown(id)
	}
	if err != nil {
		return l, fmt.Errorf("lesson %q: %w", id, err)
	}
	return l, nil
}

func unknown(id string) error {
	return fault.New(fault.NotFound, "There is no lesson %q. Report the error from the page of its lesson.", id)
}

// keep stores a report. The lock makes those who report at once wait for each
// other, so that the bound holds; it does not hinder progress from being
// written.
func (e endpoint) keep(ctx context.Context, l lesson, text string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var user *uuid.UUID
	if who := access.Of(ctx); who != nil {
		user = &who.User
	}
	return db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT 1 FROM lesson_ids WHERE lesson_id = $1 FOR NO KEY UPDATE`, l.ID); err != nil {
			return fmt.Errorf("report on %q: %w", l.ID, err)
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO reports (id, lesson_id, version, user_id, text)
			SELECT $1, $2, $3, $4, $5
			WHERE (SELECT count(*) FROM reports WHERE lesson_id = $2 AND created_at > now() - interval '1 hour') < $6`,
			id, l.ID, l.Version, user, text, perHour)
		if err != nil {
			return fmt.Errorf("report on %q: %w", l.ID, err)
		}
		if tag.RowsAffected() == 0 {
			return &fault.Error{Kind: fault.TooMany, Field: "text", Text: "This lesson was reported many times within the hour. Please send yours again later."}
		}
		_, err = queue.Add(ctx, tx, job.ErrorReport{Report: id})
		return err
	})
}
