// Package blob takes in the files of modules, each under its SHA-256. A file
// that is here already need not be sent again.
//
//	PUT /api/blobs/:sha256   store a file of 20 MiB at most
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// maxSize is that of one file of a module.
const maxSize = 20 << 20

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB}
	return []web.Route{
		{Method: http.MethodPut, Path: "/api/blobs/:sha256", Access: web.Author, Handle: e.put},
	}
}

type endpoint struct{ db *db.Pool }

type stored struct {
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
}

func (e endpoint) put(w http.ResponseWriter, r *http.Request) error {
	name, err := hex.DecodeString(web.Param(r, "sha256"))
	if err != nil || len(name) != sha256.Size {
		return fault.In("sha256", "A file is stored under its SHA-256, which is written as 64 hexadecimal digits.")
	}
	body, err := web.Body(w, r, maxSize)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(body); [sha256.Size]byte(name) != sum {
		return fault.In("sha256", "The file that came has the SHA-256 %x, not %x. It changed, or was damaged on the way; send it again.", sum, name)
	}
	added, err := keep(r.Context(), e.db, name, body)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return web.JSON(w, status, stored{SHA256: hex.EncodeToString(name), Size: len(body)})
}

// keep stores a blob and reports whether it is new.
func keep(ctx context.Context, q db.Querier, sum, body []byte) (added bool, err error) {
	tag, err := q.Exec(ctx, `
		INSERT INTO blobs (sha256, size, body)
		VALUES ($1, $2, $3)
		ON CONFLICT (sha256) DO NOTHING`, sum, len(body), body)
	if err != nil {
		return false, fmt.Errorf("blob %x of %d bytes: %w", sum, len(body), err)
	}
	return tag.RowsAffected() == 1, nil
}
