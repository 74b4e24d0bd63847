// Package manifest tells devices what to fetch to read a module without
// network.
//
//	GET /api/modules/:module/manifest   the package of the active version, for those who may read it
//
// While the active version's package is being made, the one before is told.
package manifest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader/encoded"
)

// kept is how long a manifest, which never changes under one key, stays in
// memory unused.
const kept = time.Hour

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, memory: p.Memory, gate: access.NewGate(p)}
	return []web.Route{
		{Method: "GET", Path: "/api/modules/:module/manifest", Handle: e.show},
	}
}

type endpoint struct {
	db     *db.Pool
	memory *cache.Memory
	gate   access.Gate
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := version.Active(ctx, e.memory, e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	if err := e.gate.Require(ctx, v.Module); err != nil {
		return err
	}
	m, err := newest(ctx, e.db, v)
	if err != nil {
		return err
	}
	body, err := e.body(ctx, m)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache")
	return body.Serve(w, r)
}

// made is a package: of a version, under a key. A version gets another one
// only when its key was lost.
type made struct{ version, key uuid.UUID }

// newest returns the package that counts: that of the active version, else of
// the latest that was active and has one.
func newest(ctx context.Context, q db.Querier, active *version.Version) (m made, err error) {
	err = q.QueryRow(ctx, `
		SELECT v.id, p.key_id
		FROM packages p
		JOIN content_versions v ON v.id = p.version_id
		WHERE v.module_id = $1 AND v.activated_at IS NOT NULL
		ORDER BY v.is_active DESC, v.activated_at DESC, v.id DESC
		LIMIT 1`, active.Module).Scan(&m.version, &m.key)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, fault.New(fault.NotFound, "%s is being prepared for reading offline. Try again in a few minutes.", active.Title)
	}
	if err != nil {
		return m, fmt.Errorf("package of %q: %w", active.Module, err)
	}
	return m, nil
}

func (e endpoint) body(ctx context.Context, m made) (*encoded.Body, error) {
	return cache.Recall(ctx, e.memory, fmt.Sprintf("manifest:%s:%s", m.version, m.key), kept, func(ctx context.Context) (*encoded.Body, int, error) {
		var manifest []byte
		if err := e.db.QueryRow(ctx, `SELECT manifest FROM packages WHERE version_id = $1 AND key_id = $2`, m.version, m.key).Scan(&manifest); err != nil {
			return nil, 0, fmt.Errorf("manifest of version %s: %w", m.version, err)
		}
		b := encoded.New(manifest)
		return b, b.Size(), nil
	})
}
