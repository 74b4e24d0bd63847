package version

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

// Publication is a version with all its parts, ready to be inserted.
type Publication struct {
	Version              // Insert sets ID, Revision, Released and Active
	SourceID   uuid.UUID // what it was made of
	Digest     []byte    // of the source
	Price      int       // counts when the module is first published
	Currency   string    // so does this
	Lessons    []Lesson  // in their order
	Media      []Medium
	Size       int64 // bytes of text and media
	Components int
}

// Medium is an image of a version, stored as a blob.
type Medium struct {
	Path          string
	SHA256        [sha256.Size]byte
	ContentType   string
	Width, Height int  // in pixels
	Preview       bool // some free lesson shows it
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

// made is a version with the digest of the source it was made of.
type made struct {
	Version
	Digest []byte
}

// Insert writes a publication as an inactive version, and the module if this
// is its first. A source that has become a version already gives that one.
// Publications of one module wait here for each other.
func Insert(ctx context.Context, tx pgx.Tx, p Publication) (Version, error) {
	if err := insertModule(ctx, tx, p); err != nil {
		return Version{}, fmt.Errorf("module %q: %w", p.Module, err)
	}
	v, published, err := Same(ctx, tx, p.Module, p.Version.Version, p.Digest)
	if err != nil || published {
		return v, err
	}
	v, err = insertVersion(ctx, tx, p)
	if err == nil {
		err = insertLessons(ctx, tx, v, p.Lessons)
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
	v.Revision, v.Active = 1, false
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
		[]string{"version_id", "lesson_id", "module_key", "position", "title", "summary", "preview", "dated", "words", "acs", "sources", "headings", "html"},
		pgx.CopyFromSlice(len(lessons), func(i int) ([]any, error) {
			l := lessons[i]
			return []any{v.ID, l.ID, v.Module, i + 1, l.Title, l.Summary, l.Preview, l.Dated, l.Words,
				db.Present(l.ACS), db.Present(l.Sources), db.Present(l.Headings), l.HTML}, nil
		}))
	return err
}

func insertMedia(ctx context.Context, tx pgx.Tx, v Version, media []Medium) error {
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

// Activate makes a version the one that is sold and read, and the module's
// title, summary and includes those of the version. An older one may be
// activated again: of that nobody is told.
func Activate(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	module, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	var active, news bool
	err = tx.QueryRow(ctx, `
		SELECT v.is_active, v.activated_at IS NULL AND NOT EXISTS (
			SELECT FROM content_versions o
			WHERE o.module_id = v.module_id AND o.activated_at IS NOT NULL AND (o.release_date, o.id) > (v.release_date, v.id))
		FROM content_versions v
		WHERE v.id = $1`, id).Scan(&active, &news)
	if err != nil {
		return fmt.Errorf("activate %s: %w", id, err)
	}
	for _, sql := range []string{
		`UPDATE content_versions SET is_active = false WHERE module_id = $2 AND is_active AND id <> $1`,
		`UPDATE content_versions SET is_active = true, activated_at = coalesce(activated_at, now()) WHERE id = $1 AND module_id = $2 AND NOT is_active`,
		`UPDATE modules m
		SET title = v.title, summary = v.summary, includes = v.includes
		FROM content_versions v
		WHERE v.id = $1 AND m.key = $2`,
	} {
		if _, err := tx.Exec(ctx, sql, id, module); err != nil {
			return fmt.Errorf("activate %s: %w", id, err)
		}
	}
	if active {
		return nil // nothing has changed
	}
	return follow(ctx, tx, id, news)
}

// follow adds what is to be done about a version that is active now: readers
// may have studied its lessons before they came, and if it is news, its owners
// may want to know.
func follow(ctx context.Context, tx pgx.Tx, id uuid.UUID, news bool) error {
	jobs := []queue.Args{job.SyncReaders{Version: id}}
	if news {
		jobs = append(jobs, job.ContentUpdateNotification{Version: id})
	}
	for _, j := range jobs {
		if _, err := queue.Add(ctx, tx, j); err != nil {
			return err
		}
	}
	return nil
}

// lock locks a version's module until the transaction ends, and returns its
// key. Two that activate at once go one after the other.
func lock(ctx context.Context, tx pgx.Tx, id uuid.UUID) (module string, err error) {
	err = tx.QueryRow(ctx, `
		SELECT m.key
		FROM content_versions v
		JOIN modules m ON m.key = v.module_id
		WHERE v.id = $1
		FOR NO KEY UPDATE OF m`, id).Scan(&module)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.New(fault.NotFound, "There is no version %s.", id)
	}
	if err != nil {
		return "", fmt.Errorf("module of version %s: %w", id, err)
	}
	return module, nil
}
