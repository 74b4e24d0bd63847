// Package changes tells readers what has changed in a lesson since they read
// it.
//
//	GET /modules/:module/lessons/:lesson/changes?since=      word by word, as a page
//	GET /api/modules/:module/lessons/:lesson/changes?since=  the same as JSON
//
// since is the number of a version that readers have had; without it, it is
// the one that the reader has read.
package changes

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/compare"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/modules/:module/lessons/:lesson/changes", Access: web.SignedIn, Handle: e.show},
		{Method: "GET", Path: "/api/modules/:module/lessons/:lesson/changes", Access: web.SignedIn, Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	notice string
	page   *reader.Page
}

// change is what is new in a lesson. Nothing is where there are no blocks.
type change struct {
	Module    string          `json:"module"`
	Lesson    string          `json:"lesson"`
	Title     string          `json:"title"`
	Since     string          `json:"since,omitempty"` // the version that was read
	Read      *time.Time      `json:"read,omitempty"`  // when, if it is not named
	Version   string          `json:"version"`         // that is active
	Changelog string          `json:"changelog"`
	Blocks    []compare.Block `json:"blocks"`
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	c, err := e.find(r)
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "What changed in " + c.Title, Notice: e.notice, Data: c})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	c, err := e.find(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, c)
}

// find returns what is new in the lesson of a path, to those who may read it.
func (e endpoint) find(r *http.Request) (c change, err error) {
	ctx := r.Context()
	c = change{Module: web.Param(r, "module"), Lesson: web.Param(r, "lesson"), Since: r.URL.Query().Get("since"), Blocks: []compare.Block{}}
	catalogue, err := version.Catalogue(ctx, e.db)
	if err != nil {
		return c, err
	}
	v, err := version.In(catalogue, c.Module)
	if err != nil {
		return c, err
	}
	c.Version, c.Changelog = v.Version.Version, v.Changelog
	l, err := e.readable(r, v.ID, c)
	if err != nil {
		return c, err
	}
	c.Title = l.Title
	if c.Since == "" {
		return c, e.own(r, &c)
	}
	was, free, err := e.was(ctx, c)
	if err != nil {
		return c, err
	}
	if err := e.guard(ctx, c.Module, free); err != nil { // it may have been sold before it was free
		return c, err
	}
	c.Blocks = append(c.Blocks, compare.Texts(was, l.HTML)...)
	return c, nil
}

// was returns the lesson as it stood in the version that the address names,
// which may be anything: PostgreSQL is not asked about what no text may hold.
func (e endpoint) was(ctx context.Context, c change) (html string, free bool, err error) {
	err = pgx.ErrNoRows
	if utf8.ValidString(c.Since) && !strings.ContainsRune(c.Since, 0) {
		html, free, err = compare.Text(ctx, e.db, c.Module, c.Since, c.Lesson)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, fault.New(fault.NotFound, "No version %.80q that readers have had has this lesson.", c.Since)
	}
	return html, free, err
}

// own compares with what the reader has read, if anything differs.
func (e endpoint) own(r *http.Request, c *change) error {
	found, err := compare.Since(r.Context(), e.db, access.User(r.Context()), c.Module, c.Lesson)
	if err != nil || len(found) == 0 {
		return err
	}
	c.Since, c.Read = found[0].Since, &found[0].Read
	c.Blocks = compare.Texts(found[0].From, found[0].To)
	return nil
}

// readable returns the lesson to somebody who may read it.
func (e endpoint) readable(r *http.Request, active uuid.UUID, c change) (version.Lesson, error) {
	heads, err := version.Outline(r.Context(), e.db, active)
	if err != nil {
		return version.Lesson{}, err
	}
	i := slices.IndexFunc(heads, func(h version.Head) bool { return h.ID == c.Lesson })
	if i < 0 {
		return version.Lesson{}, fault.New(fault.NotFound, "There is no such lesson in this module. Look for it in the module's outline.")
	}
	if err := e.guard(r.Context(), c.Module, heads[i].Preview); err != nil {
		return version.Lesson{}, err
	}
	return version.ReadLesson(r.Context(), e.db, active, c.Lesson)
}

// guard refuses a text that is not free to those who may not read the module.
func (e endpoint) guard(ctx context.Context, module string, free bool) error {
	if free {
		return nil
	}
	open, err := e.gate.Opens(ctx, module)
	if err == nil && !open {
		err = fault.New(fault.Unpaid, "This lesson is part of a module that you do not have. You can buy it on the module's page.")
	}
	return err
}
