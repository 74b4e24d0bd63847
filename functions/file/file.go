// Package file sends the sealed files of offline packages, in part or whole.
//
//	GET /api/packages/:module/:file   file is the SHA-256 of the sealed bytes
//
// Files of older versions stay, so that a download that was begun can be
// ended. The bytes under an address never change. They are sealed as they are
// sent, chunk by chunk, which costs less than reading them.
package file

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/blob"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, memory: p.Memory, gate: access.NewGate(p), keyring: offline.Keyring(p.Config)}
	return []web.Route{
		{Method: "GET", Path: "/api/packages/:module/:file", Handle: e.send, Needs: []string{"CONTENT_ENCRYPTION_KEY"}},
	}
}

type endpoint struct {
	db      *db.Pool
	memory  *cache.Memory
	gate    access.Gate
	keyring *seal.Keyring
}

func (e endpoint) send(w http.ResponseWriter, r *http.Request) error {
	ctx, module := r.Context(), web.Param(r, "module")
	v, err := version.Active(ctx, e.memory, e.db, module)
	if err != nil {
		return err
	}
	if err := e.gate.Require(ctx, v.Module); err != nil {
		return err
	}
	var sum offline.Sum
	if err := sum.UnmarshalText([]byte(web.Param(r, "file"))); err != nil || sum.String() != web.Param(r, "file") {
		return errNone
	}
	f, err := find(ctx, e.db, module, sum)
	if err != nil {
		return err
	}
	key, err := offline.Unwrap(e.keyring, f.Key, module)
	if err != nil {
		return err
	}
	s, err := key.File([32]byte(f.SHA256), f.Size)
	if err != nil {
		return err
	}
	body := s.Sealed(blob.Open(ctx, e.db, f.SHA256, f.Size))
	if _, err := body.ReadAt(make([]byte, 1), 0); err != nil {
		return err // later on it would be too late to say so
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("Vary", "Cookie")
	h.Set("ETag", `"`+sum.String()+`"`)
	web.Content(w, r, body)
	return nil
}

var errNone = fault.New(fault.NotFound, "There is no such file in a package of this module. Fetch its manifest again.")

// content is what a sealed file is made of.
type content struct {
	SHA256 []byte
	Size   int64
	Key    seal.Wrapped
}

func find(ctx context.Context, q db.Querier, module string, sealed offline.Sum) (c content, err error) {
	err = q.QueryRow(ctx, `
		SELECT b.sha256, b.size, k.wrapped_by, k.wrapped
		FROM package_files f
		JOIN packages p ON p.version_id = f.version_id
		JOIN module_keys k ON k.id = p.key_id
		JOIN blobs b ON b.sha256 = f.sha256
		WHERE f.sealed_sha256 = $1 AND k.module_key = $2
		LIMIT 1`, sealed[:], module).Scan(&c.SHA256, &c.Size, &c.Key.By, &c.Key.Body)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, errNone
	}
	if err != nil {
		return c, fmt.Errorf("file %s of %q: %w", sealed, module, err)
	}
	return c, nil
}
