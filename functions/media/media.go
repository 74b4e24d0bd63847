// Package media serves the figures of lessons, and the scripts of their own
// components, by the hash of their content.
//
//	GET /media/:module/:file  file is sha256.ext
//
// What free lessons show is for everybody; the rest for those who may read the
// module.
// What readers never had is for authors and operators, who see all, to preview
// it.
package media

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

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

const (
	kept  = time.Hour
	small = 512 << 10 // larger ones are sent piece by piece, and not kept in memory
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, memory: p.Memory, gate: access.NewGate(p)}
	return []web.Route{
		{Method: "GET", Path: "/media/:module/:file", Access: web.Public, Handle: e.show},
	}
}

type endpoint struct {
	db     *db.Pool
	memory *cache.Memory
	gate   access.Gate
}

var errNone = fault.New(fault.NotFound, "There is no such figure. Load the lesson anew, which shows those that it has.")

// picture is what is known of a figure before its bytes are read.
type picture struct {
	SHA256      []byte
	ContentType string
	Preview     bool
	Draft       bool // of a version that readers never had
	Size        int64
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	ctx, module := r.Context(), web.Param(r, "module")
	pic, err := find(ctx, e.db, module, web.Param(r, "file"))
	if err != nil {
		return err
	}
	keep, err := e.admit(ctx, module, pic)
	if err != nil {
		return err
	}
	if pic.Size > small {
		return e.sendLarge(w, r, pic, keep)
	}
	body, err := e.body(ctx, pic)
	if err != nil {
		return err
	}
	pic.describe(w.Header(), keep)
	return body.Serve(w, r)
}

// admit refuses who may not see a figure, and tells whether its browser, or all, may keep it.
func (e endpoint) admit(ctx context.Context, module string, p picture) (keep bool, err error) {
	staff := access.Of(ctx).Staff()
	switch {
	case p.Draft && !staff:
		return false, errNone
	case p.Draft || p.Preview:
		return !p.Draft, nil
	}
	open, err := e.gate.Opens(ctx, module)
	if err == nil && !open && !staff {
		err = fault.New(fault.Unpaid, "This is part of a module that is not yours yet. /api/modules/%s tells what it costs.", module)
	}
	return open, err
}

// describe sets the headers. What an author drew may hold a script: opened as
// a page of its own, it must not run.
func (p picture) describe(h http.Header, keep bool) {
	h.Set("Content-Type", p.ContentType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding, Cookie")
	switch {
	case !keep:
		h.Set("Cache-Control", "no-store")
	case p.Preview:
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
	}
}

// find returns a figure of any version of the module: pages of an older one
// may still be open somewhere. The active version decides whether it is free,
// then the newest that readers have had.
func find(ctx context.Context, q db.Querier, module, file string) (picture, error) {
	sum, ok := hash(file)
	if !ok || !version.Plain(module) {
		return picture{}, errNone
	}
	rows, err := q.Query(ctx, `
		SELECT m.sha256, m.content_type, m.preview, v.activated_at IS NULL, b.size
		FROM media m
		JOIN content_versions v ON v.id = m.version_id
		JOIN blobs b ON b.sha256 = m.sha256
		WHERE m.sha256 = $1 AND v.module_id = $2
		ORDER BY v.is_active DESC, v.activated_at IS NULL, v.release_date DESC, v.revision DESC, m.preview DESC
		LIMIT 1`, sum, module)
	if err != nil {
		return picture{}, fmt.Errorf("figure %s of %q: %w", file, module, err)
	}
	pic, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[picture])
	if errors.Is(err, pgx.ErrNoRows) {
		return picture{}, errNone
	}
	if err != nil {
		return picture{}, fmt.Errorf("figure %s of %q: %w", file, module, err)
	}
	return pic, nil
}

// hash returns the hash that a file is named by.
func hash(file string) (sum []byte, ok bool) {
	name, ext, _ := strings.Cut(file, ".")
	sum, err := hex.DecodeString(name)
	if err != nil || len(sum) != 32 || name != strings.ToLower(name) || ext == "" || len(ext) > 5 {
		return nil, false
	}
	return sum, true
}

// body returns a small figure's bytes, which stay in memory: equal hash, equal
// bytes.
func (e endpoint) body(ctx context.Context, p picture) (*encoded.Body, error) {
	return cache.Recall(ctx, e.memory, "media:"+string(p.SHA256)+p.ContentType, kept, func(ctx context.Context) (*encoded.Body, int, error) {
		b, err := e.load(ctx, p)
		if err != nil {
			return nil, 0, err
		}
		return b, b.Size(), nil
	})
}

func (e endpoint) load(ctx context.Context, p picture) (*encoded.Body, error) {
	var b []byte
	if err := e.db.QueryRow(ctx, `SELECT body FROM blobs WHERE sha256 = $1`, p.SHA256).Scan(&b); err != nil {
		return nil, fmt.Errorf("figure %x: %w", p.SHA256, err)
	}
	if p.ContentType == "image/svg+xml" || p.ContentType == "text/javascript" {
		return encoded.New(b), nil
	}
	return encoded.Plain(b), nil
}
