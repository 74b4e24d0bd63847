// Package timeline tells readers why they may, or may not, read a module.
//
//	GET /access       what I may read, and all that led to it, as a page
//	GET /api/access   the same as JSON
package timeline

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/access", Handle: e.show},
		{Method: "GET", Path: "/api/access", Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// story is what one reader may read, and why.
type story struct {
	Opens   []module          `json:"opens"`
	Moments []purchase.Moment `json:"moments"`
}

// module is one that the reader may read now.
type module struct {
	Key   string     `json:"module"`
	Title string     `json:"title"`
	Until *time.Time `json:"until,omitempty"` // nil is without end
}

// Last returns the last day of a module that is open for a time.
func (m module) Last() string { return m.Until.UTC().Add(-time.Second).Format("2 January 2006") }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	s, err := e.story(r.Context())
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "Your access", Notice: e.notice, Data: s})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	s, err := e.story(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, s)
}

func (e endpoint) story(ctx context.Context) (story, error) {
	user := access.User(ctx)
	opens, err := opened(ctx, e.db, user)
	if err != nil {
		return story{}, err
	}
	moments, err := purchase.Timeline(ctx, e.db, user)
	return story{opens, moments}, err
}

// opened returns the modules that a user may read, asked afresh; a bundle is
// nothing to read.
func opened(ctx context.Context, q db.Querier, user uuid.UUID) ([]module, error) {
	rows, err := q.Query(ctx, `
		SELECT m.key, m.title, CASE WHEN bool_and(g.expires_at IS NOT NULL) THEN max(g.expires_at) END
		FROM grants g, opened_by(g.module_key) o, modules m
		WHERE g.user_id = $1 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now()) AND m.key = o AND m.includes = '{}'
		GROUP BY m.key, m.title
		ORDER BY m.title`, user)
	if err != nil {
		return nil, fmt.Errorf("opened to %s: %w", user, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[module])
	if err != nil {
		return nil, fmt.Errorf("opened to %s: %w", user, err)
	}
	return all, nil
}
