// Package source keeps modules as their authors uploaded them: which files a
// folder has, each a blob under its SHA-256. A source is immutable and stays,
// so that a version can be made of it again.
package source

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// File is one file of a module's folder. Its path has slashes and begins at
// the folder.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // in lower-case hex
	Size   int64  `json:"size"`
}

// Source is a module's folder.
type Source struct {
	ID      uuid.UUID
	Module  string
	Version string
	Files   []File
	Author  uuid.UUID // who uploaded it last; zero for a deleted account
}

// Digest names the source: it depends on nothing but paths and contents. A
// path has no NUL, so two folders cannot be written alike.
func (s Source) Digest() []byte {
	files := slices.SortedFunc(slices.Values(s.Files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	h := sha256.New()
	for _, f := range files {
		sum, _ := hex.DecodeString(f.SHA256) // checked when it was taken in
		h.Write([]byte(f.Path))
		h.Write([]byte{0})
		h.Write(sum)
	}
	return h.Sum(nil)
}

// Missing returns the SHA-256 of the files of s that are not stored yet. A
// file whose size is not that of its blob is a fault.
func Missing(ctx context.Context, q db.Querier, s Source) ([]string, error) {
	stored, err := sizes(ctx, q, s.Files)
	if err != nil {
		return nil, err
	}
	missing := map[string]bool{}
	for _, f := range s.Files {
		size, ok := stored[f.SHA256]
		if ok && size != f.Size {
			return nil, fault.In("files", "%s has %d bytes here, not %d.", f.Path, size, f.Size)
		}
		if !ok {
			missing[f.SHA256] = true
		}
	}
	return slices.Sorted(maps.Keys(missing)), nil
}

// sizes returns those of the blobs that are stored, by SHA-256.
func sizes(ctx context.Context, q db.Querier, files []File) (map[string]int64, error) {
	sums := make([]string, len(files))
	for i, f := range files {
		sums[i] = f.SHA256
	}
	rows, err := q.Query(ctx, `
		SELECT encode(sha256, 'hex'), size
		FROM blobs
		WHERE sha256 IN (SELECT decode(s, 'hex') FROM unnest($1::text[]) s)`, sums)
	if err != nil {
		return nil, fmt.Errorf("blobs of %d files: %w", len(files), err)
	}
	stored := map[string]int64{}
	var sum string
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&sum, &size}, func() error {
		stored[sum] = size
		return nil
	})
	return stored, err
}

// Keep stores a source and returns its id. One that is known already keeps
// its id.
func Keep(ctx context.Context, q db.Querier, s Source, author uuid.UUID) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return id, err
	}
	err = q.QueryRow(ctx, `
		INSERT INTO sources (id, module_key, version, digest, files, author_id)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (module_key, version, digest) DO UPDATE SET author_id = excluded.author_id
		RETURNING id`, id, s.Module, s.Version, s.Digest(), s.Files, author).Scan(&id)
	if err != nil {
		return id, fmt.Errorf("keep source of %s %s: %w", s.Module, s.Version, err)
	}
	return id, nil
}

// ErrUnknown is returned for an id that no source has.
var ErrUnknown = errors.New("no such source")

// Load returns a source.
func Load(ctx context.Context, q db.Querier, id uuid.UUID) (Source, error) {
	s := Source{ID: id}
	err := q.QueryRow(ctx, `
		SELECT module_key, version, files, coalesce(author_id, '00000000-0000-0000-0000-000000000000')
		FROM sources
		WHERE id = $1`, id).Scan(&s.Module, &s.Version, &s.Files, &s.Author)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, fmt.Errorf("%s: %w", id, ErrUnknown)
	}
	if err != nil {
		return s, fmt.Errorf("source %s: %w", id, err)
	}
	return s, nil
}
