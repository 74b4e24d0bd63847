package version

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// Publication is a version with all its parts, ready to be inserted.
type Publication struct {
	Version              // Insert sets ID, Revision, Released and Active
	SourceID   uuid.UUID // what it was made of
	Digest     []byte    // of the source
	Price      int       // counts when the module is first published
	Currency   string    // so does this
	Lessons    []Lesson  // in their order
	Former     []Former  // that former versions had
	Media      []Medium
	Size       int64 // bytes of text and media
	Components int   // of its own that lessons use
	Again      bool  // a source that has become a version is made anew, as its next revision
}

// Former is a lesson that a version no longer has.
type Former struct {
	ID    string
	Moved string // the id that it has now, "" if it was retired
}

// Medium is a file of an image of a version, or a script of its components,
// stored as a blob.
type Medium struct {
	Path          string
	SHA256        [sha256.Size]byte
	ContentType   string
	Width, Height int    // in pixels
	Size          int64  `json:"-"` // in bytes
	Preview       bool   // some free lesson shows it
	Body          []byte `json:"-"` // of one that may not be stored yet
}

// extensions are those of the addresses of media, by content type.
var extensions = map[string]string{
	"image/svg+xml": ".svg", "image/png": ".png", "image/webp": ".webp", "image/jpeg": ".jpg", "text/javascript": ".js",
}

// URL is where those who may see a medium of a module fetch it.
func (m Medium) URL(module string) string {
	return fmt.Sprintf("/media/%s/%x%s", module, m.SHA256, extensions[m.ContentType])
}

// Same returns the version that a source has become, and whether it has. It
// is a Conflict when the version was made of another source.
func Same(ctx context.Context, q db.Querier, module, version string, digest []byte) (v Version, published bool, err error) {
	rows, err := q.Query(ctx, `
		SELECT `+columns+`, s.digest
		FROM content_versions v
		JOIN sources s ON s.id = v.source_id
		WHERE v.module_id = $1 AND v.version = $2
		ORDER BY v.revision DESC
		LIMIT 1`, module, version)
	if err != nil {
		return v, false, fmt.Errorf("version %s of %q: %w", version, module, err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[made])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return v, false, nil
	case err != nil:
		return v, false, fmt.Errorf("version %s of %q: %w", version, module, err)
	case !bytes.Equal(found.Digest, digest):
		return v, false, fault.New(fault.Conflict,
			"Version %s of %s is published with other content, and a version never changes. Raise the version in module.yaml and publish again.", version, module)
	}
	return found.Version, true, nil
}

// Revisions returns the newest revision of a version, 0 if it is not published,
// and whether any is active. Both stay so until the transaction ends.
func Revisions(ctx context.Context, tx pgx.Tx, module, version string) (newest int, active bool, err error) {
	if _, err := tx.Exec(ctx, `SELECT FROM modules WHERE key = $1 FOR NO KEY UPDATE`, module); err != nil {
		return 0, false, fmt.Errorf("lock module %q: %w", module, err)
	}
	err = tx.QueryRow(ctx, `
		SELECT coalesce(max(revision), 0), coalesce(bool_or(is_active), false)
		FROM content_versions
		WHERE module_id = $1 AND version = $2`, module, version).Scan(&newest, &active)
	if err != nil {
		return 0, false, fmt.Errorf("revisions of %s %s: %w", module, version, err)
	}
	return newest, active, nil
}

// made is a version with the digest of the source it was made of.
type made struct {
	Version
	Digest []byte
}

// Insert writes a publication as an inactive version, and the module if this
// is its first. A source that has become a version already gives that one; if
// it is made again, only where nothing differs. Publications of one module
// wait here for each other.
func Insert(ctx context.Context, tx pgx.Tx, p Publication) (Version, error) {
	if err := insertModule(ctx, tx, p); err != nil {
		return Version{}, fmt.Errorf("module %q: %w", p.Module, err)
	}
	v, published, err := Same(ctx, tx, p.Module, p.Version.Version, p.Digest)
	if err != nil || published && (!p.Again || v.Checksum == p.Checksum) {
		return v, err
	}
	p.Revision = v.Revision + 1
	v, err = insertVersion(ctx, tx, p)
	if err == nil {
		err = insertLessons(ctx, tx, v, p.Lessons)
	}
	if err == nil {
		err = insertFormer(ctx, tx, v, p.Former)
	}
	if err == nil {
		err = insertMedia(ctx, tx, v, p.Media)
	}
	if err != nil {
		return v, fmt.Errorf("insert %s %s: %w", p.Module, p.Version.Version, err)
	}
	return v, nil
}

// insertModule makes sure that the module exists, and locks it until the
// transaction ends. A price that an operator may have set is left alone.
func insertModule(ctx context.Context, tx pgx.Tx, p Publication) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO modules (key, title, summary, price, currency, includes)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (key) DO NOTHING`, p.Module, p.Title, p.Summary, p.Price, p.Currency, db.Present(p.Includes))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT FROM modules WHERE key = $1 FOR NO KEY UPDATE`, p.Module)
	return err
}

func insertVersion(ctx context.Context, tx pgx.Tx, p Publication) (v Version, err error) {
	v = p.Version
	v.Active = false
	if v.ID, err = uuid.NewV7(); err != nil {
		return v, err
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO content_versions (id, module_id, version, revision, checksum, changelog, source_id, title, summary, includes, size, component_count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		RETURNING release_date`, v.ID, v.Module, v.Version, v.Revision, v.Checksum, v.Changelog, p.SourceID,
		v.Title, v.Summary, db.Present(v.Includes), p.Size, p.Components).Scan(&v.Released)
	return v, err
}

// insertLessons fails by a constraint when an id belongs to another module.
func insertLessons(ctx context.Context, tx pgx.Tx, v Version, lessons []Lesson) error {
	ids := make([]string, len(lessons))
	for i, l := range lessons {
		ids[i] = l.ID
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO lesson_ids (lesson_id, module_key)
		SELECT id, $2 FROM unnest($1::text[]) id ORDER BY id
		ON CONFLICT (lesson_id) DO NOTHING`, ids, v.Module)
	if err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"lessons"},
		[]string{"version_id", "lesson_id", "module_key", "position", "title", "summary", "preview", "dated", "words", "acs", "sources", "headings", "html", "script"},
		pgx.CopyFromSlice(len(lessons), func(i int) ([]any, error) {
			l := lessons[i]
			return []any{v.ID, l.ID, v.Module, i + 1, l.Title, l.Summary, l.Preview, l.Dated, l.Words,
				db.Present(l.ACS), db.Present(l.Sources), db.Present(l.Headings), l.HTML, l.Script}, nil
		}))
	return err
}

func insertFormer(ctx context.Context, tx pgx.Tx, v Version, former []Former) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"former_lessons"},
		[]string{"version_id", "lesson_id", "moved_to"},
		pgx.CopyFromSlice(len(former), func(i int) ([]any, error) {
			var moved *string
			if former[i].Moved != "" {
				moved = &former[i].Moved
			}
			return []any{v.ID, former[i].ID, moved}, nil
		}))
	return err
}

func insertMedia(ctx context.Context, tx pgx.Tx, v Version, media []Medium) error {
	for _, m := range media {
		if m.Body == nil {
			continue
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO blobs (sha256, size, body)
			VALUES ($1, $2, $3)
			ON CONFLICT (sha256) DO NOTHING`, m.SHA256[:], len(m.Body), m.Body)
		if err != nil {
			return err
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"media"},
		[]string{"version_id", "path", "sha256", "content_type", "width", "height", "preview"},
		pgx.CopyFromSlice(len(media), func(i int) ([]any, error) {
			m := media[i]
			return []any{v.ID, m.Path, m.SHA256[:], m.ContentType, m.Width, m.Height, m.Preview}, nil
		}))
	return err
}

// Taken returns which of these lesson ids belong to another module, and to
// which.
func Taken(ctx context.Context, q db.Querier, module string, ids []string) (map[string]string, error) {
	rows, err := q.Query(ctx, `
		SELECT lesson_id, module_key
		FROM lesson_ids
		WHERE lesson_id = ANY($1) AND module_key <> $2`, ids, module)
	if err != nil {
		return nil, fmt.Errorf("lesson ids of other modules than %q: %w", module, err)
	}
	taken := map[string]string{}
	var id, owner string
	_, err = pgx.ForEachRow(rows, []any{&id, &owner}, func() error {
		taken[id] = owner
		return nil
	})
	return taken, err
}
