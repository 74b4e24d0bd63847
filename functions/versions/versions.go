// Package versions shows authors what of a module is published, and lets them
// choose which version is sold and read.
//
//	GET  /api/versions/:module   all versions, the newest first
//	POST /api/versions/:module   activate one; an older one rolls back
package versions

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB}
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/versions/:module", Access: web.Author, Handle: e.list},
		{Method: http.MethodPost, Path: "/api/versions/:module", Access: web.Author, Handle: e.activate},
	}
}

type endpoint struct{ db *db.Pool }

type listed struct {
	Versions []version.Version `json:"versions"`
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	found, err := all(r.Context(), e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, listed{found})
}

type choice struct {
	Activate string `json:"activate"` // a version's id, or as 1.4.0
}

func (e endpoint) activate(w http.ResponseWriter, r *http.Request) error {
	in, err := web.Decode[choice](w, r)
	if err != nil {
		return err
	}
	found, err := all(r.Context(), e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	v, err := choose(found, in.Activate)
	if err != nil {
		return err
	}
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return version.Activate(r.Context(), tx, v.ID, access.User(r.Context())) })
	if err != nil {
		return err
	}
	v.Active = true
	return web.JSON(w, http.StatusOK, v)
}

// choose finds a version by id or number; of several revisions it is the
// newest.
func choose(found []version.Version, name string) (version.Version, error) {
	for _, v := range found {
		if v.ID.String() == name || v.Version == name {
			return v, nil
		}
	}
	if name == "" {
		return version.Version{}, fault.In("activate", "Say which version to activate, as 1.4.0.")
	}
	return version.Version{}, fault.New(fault.NotFound, "Module %s has no version %.80q. Its newest is %s.", found[0].Module, name, found[0].Version)
}

// all returns the versions of a module, of which there is at least one.
func all(ctx context.Context, q db.Querier, module string) ([]version.Version, error) {
	rows, err := q.Query(ctx, `
		SELECT id, module_id, version, revision, checksum, release_date, coalesce(changelog, ''),
		       is_active, title, summary, includes
		FROM content_versions
		WHERE module_id = $1
		ORDER BY release_date DESC, id DESC`, module)
	if err != nil {
		return nil, fmt.Errorf("versions of %q: %w", module, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[version.Version])
	if err == nil && len(found) == 0 {
		return nil, fault.New(fault.NotFound, "Nothing of a module %.80q is published yet. `handbook publish` does it.", module)
	}
	return found, err
}
