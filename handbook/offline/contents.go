package offline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
)

// contents lists the files of a version: what its lessons need to be read,
// and nothing of the site around them. This is the one place that says what is
// in a package. The content of each is a blob, or becomes one here.
func contents(ctx context.Context, q db.Querier, v version.Version) ([]File, error) {
	var all []File
	for _, list := range []func(context.Context, db.Querier, version.Version) ([]File, error){texts, media} {
		files, err := list(ctx, q, v)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// outline is outline.json: a version without what differs between handbooks,
// with its lessons in order.
type outline struct {
	Module    string         `json:"module"`
	Version   string         `json:"version"`
	Revision  int            `json:"revision"`
	Checksum  string         `json:"checksum"`
	Title     string         `json:"title"`
	Summary   string         `json:"summary"`
	Changelog string         `json:"changelog"`
	Includes  []string       `json:"includes"`
	Lessons   []version.Head `json:"lessons"`
}

// texts are the outline, and lessons/ID.json with each lesson.
func texts(ctx context.Context, q db.Querier, v version.Version) ([]File, error) {
	heads, err := version.Outline(ctx, q, v.ID)
	if err != nil {
		return nil, err
	}
	first, err := keep(ctx, q, "outline.json", outline{
		v.Module, v.Version, v.Revision, v.Checksum, v.Title, v.Summary, v.Changelog, db.Present(v.Includes), db.Present(heads),
	})
	if err != nil {
		return nil, err
	}
	files := []File{first}
	for _, h := range heads {
		l, err := version.ReadLesson(ctx, q, v.ID, h.ID)
		if err != nil {
			return nil, err
		}
		f, err := keep(ctx, q, "lessons/"+h.ID+".json", l)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// keep stores a value as a blob of JSON. Nothing refers to it before the
// package is written, and the same value is the same blob.
func keep(ctx context.Context, q db.Querier, name string, value any) (File, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(b.Bytes())
	_, err := q.Exec(ctx, `
		INSERT INTO blobs (sha256, size, body)
		VALUES ($1, $2, $3)
		ON CONFLICT (sha256) DO NOTHING`, sum[:], b.Len(), b.Bytes())
	if err != nil {
		return File{}, fmt.Errorf("blob of %s: %w", name, err)
	}
	return File{Path: name, Type: "application/json", Size: int64(b.Len()), SHA256: sum}, nil
}

// media are the figures under the addresses that lessons know them by.
func media(ctx context.Context, q db.Querier, v version.Version) ([]File, error) {
	rows, err := q.Query(ctx, `
		SELECT m.path, m.content_type, b.size, b.sha256
		FROM media m
		JOIN blobs b ON b.sha256 = m.sha256
		WHERE m.version_id = $1
		ORDER BY m.path`, v.ID)
	if err != nil {
		return nil, fmt.Errorf("media of version %s: %w", v.ID, err)
	}
	files, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f File, err error) {
		var name string
		var sum []byte
		if err := row.Scan(&name, &f.Type, &f.Size, &sum); err != nil {
			return f, err
		}
		f.SHA256 = Sum(sum)
		f.Path = fmt.Sprintf("media/%s/%s%s", v.Module, f.SHA256, path.Ext(name))
		return f, nil
	})
	if err != nil {
		return nil, fmt.Errorf("media of version %s: %w", v.ID, err)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path }), nil // one figure under two names
}
