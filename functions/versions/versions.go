// Package versions shows authors what of a module is published, and what of it
// failed, and lets them choose which version is sold and read, or make one
// again with the present program.
//
//	GET  /versions                      the modules
//	GET  /versions/:module              all versions, the newest first, with the forms
//	POST /versions/:module              does what a form says; asks first where readers lose something
//	GET  /api/versions/:module          the versions as JSON
//	POST /api/versions/:module          activate one, an older one rolls back, which the answer says; or reprocess one
//	GET  /api/versions/:module/lessons  what the next version must not lose
package versions

import (
	"context"
	"embed"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed modules.html page.html ask.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, notice: p.Notice,
		modules: reader.New(files, "modules.html"), page: reader.New(files, "page.html"), ask: reader.New(files, "ask.html"),
	}
	return []web.Route{
		{Method: http.MethodGet, Path: "/versions", Access: web.Staff, Handle: e.index},
		{Method: http.MethodGet, Path: "/versions/:module", Access: web.Staff, Handle: e.show},
		{Method: http.MethodPost, Path: "/versions/:module", Access: web.Staff, Handle: e.act},
		{Method: http.MethodGet, Path: "/api/versions/:module", Access: web.Staff, Handle: e.list},
		{Method: http.MethodPost, Path: "/api/versions/:module", Access: web.Staff, Handle: e.change},
		{Method: http.MethodGet, Path: "/api/versions/:module/lessons", Access: web.Staff, Handle: e.stand},
	}
}

type endpoint struct {
	db                 *db.Pool
	notice             string
	modules, page, ask *reader.Page
}

type listed struct {
	Versions []version.Version `json:"versions"`
	Pending  []publication     `json:"pending"`
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	module := web.Param(r, "module")
	waiting, err := pending(r.Context(), e.db, module)
	if err != nil {
		return err
	}
	found, err := version.All(r.Context(), e.db, module)
	if fault.Is(err, fault.NotFound) && len(waiting) > 0 {
		found, err = []version.Version{}, nil
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, listed{found, waiting})
}

func (e endpoint) stand(w http.ResponseWriter, r *http.Request) error {
	s, err := version.Stand(r.Context(), e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, s)
}

// choice names a version by its id, or as 1.4.0.
type choice struct {
	Activate  string `json:"activate"`
	Reprocess string `json:"reprocess"`
}

// activated answers an activation.
type activated struct {
	version.Version
	Lost []string `json:"lost"`           // titles of the lessons that readers have no more
	Note string   `json:"note,omitempty"` // what else its author should know
}

// begun answers what a worker does.
type begun struct {
	Job uuid.UUID `json:"job"`
	URL string    `json:"url"`
}

func (e endpoint) change(w http.ResponseWriter, r *http.Request) error {
	in, err := web.Decode[choice](w, r)
	if err != nil {
		return err
	}
	found, err := version.All(r.Context(), e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	if in.Reprocess != "" {
		v, err := version.Choose(found, "reprocess", in.Reprocess)
		if err != nil {
			return err
		}
		id, err := e.reprocess(r.Context(), v)
		if err != nil {
			return err
		}
		return web.JSON(w, http.StatusAccepted, begun{id, "/api/uploads/" + id.String()})
	}
	v, err := version.Choose(found, "activate", in.Activate)
	if err != nil {
		return err
	}
	gone, err := e.activate(r.Context(), v)
	if err != nil {
		return err
	}
	v.Active = true
	return web.JSON(w, http.StatusOK, activated{v, gone, older(found, v)})
}

// older says so if a version is older than the one that was active before, ""
// if it is not. found lists the newest first.
func older(found []version.Version, v version.Version) string {
	for _, o := range found {
		if o.ID == v.ID {
			return ""
		}
		if o.Active {
			return fmt.Sprintf("This is older than version %s, revision %d, which was active until now: readers are taken back to it, and no mail tells them.", o.Version, o.Revision)
		}
	}
	return ""
}

// activate returns the titles of the lessons that readers have no more.
func (e endpoint) activate(ctx context.Context, v version.Version) (gone []string, err error) {
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		if gone, err = lost(ctx, tx, v); err != nil {
			return err
		}
		return version.Activate(ctx, tx, v.ID, access.User(ctx))
	})
	return gone, err
}

// reprocess has a worker make a version again of its source.
func (e endpoint) reprocess(ctx context.Context, v version.Version) (id uuid.UUID, err error) {
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		wish := job.ProcessModule{Again: true, By: access.User(ctx)}
		err := tx.QueryRow(ctx, `SELECT source_id FROM content_versions WHERE id = $1`, v.ID).Scan(&wish.Source)
		if err != nil {
			return fmt.Errorf("source of %s: %w", v.ID, err)
		}
		if id, err = queue.Add(ctx, tx, wish); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			Actor: wish.By, Action: "version reprocessed", Subject: audit.Module(v.Module), Detail: map[string]any{"version": v.Version},
		})
	})
	return id, err
}

// lost returns the titles of the lessons that readers have, and that a version
// has not, under whatever id.
func lost(ctx context.Context, q db.Querier, v version.Version) ([]string, error) {
	rows, err := q.Query(ctx, `
		SELECT l.title
		FROM content_versions a
		JOIN lessons l ON l.version_id = a.id
		WHERE a.module_id = $2 AND a.is_active
		  AND NOT EXISTS (SELECT FROM lessons n WHERE n.version_id = $1 AND n.lesson_id IN (SELECT lesson_kin(l.lesson_id)))
		  AND NOT EXISTS (SELECT FROM former_lessons f WHERE f.version_id = $1 AND f.lesson_id = l.lesson_id AND f.moved_to IS NOT NULL)
		ORDER BY l.position`, v.ID, v.Module)
	if err != nil {
		return nil, fmt.Errorf("lessons that %s lacks: %w", v.ID, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
