package version

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

// Activate makes a version the one that is sold and read, and the module's
// title, summary and includes those of the version; by is who did it. An older
// one may be activated again, and another revision of one that readers have
// had: of that nobody is told.
func Activate(ctx context.Context, tx pgx.Tx, id, by uuid.UUID) error {
	module, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	var v Version
	var news bool
	err = tx.QueryRow(ctx, `
		SELECT v.version, v.revision, v.is_active, NOT EXISTS (
			SELECT FROM content_versions o
			WHERE o.module_id = v.module_id AND o.activated_at IS NOT NULL
			  AND (o.version = v.version OR (o.release_date, o.id) > (v.release_date, v.id)))
		FROM content_versions v
		WHERE v.id = $1`, id).Scan(&v.Version, &v.Revision, &v.Active, &news)
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
	if v.Active {
		return nil // nothing has changed
	}
	_, err = tx.Exec(ctx, `INSERT INTO activations (module_key, version_id) VALUES ($1, $2)`, module, id)
	if err != nil {
		return fmt.Errorf("activate %s: %w", id, err)
	}
	entry := audit.Entry{
		Actor: by, Action: "version activated", Subject: audit.Module(module), Detail: map[string]any{"version": v.Version, "revision": v.Revision},
	}
	if err := audit.Write(ctx, tx, entry); err != nil {
		return err
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
		return "", fault.New(fault.NotFound, "There is no version %s. The page of the module's versions lists those that there are.", id)
	}
	if err != nil {
		return "", fmt.Errorf("module of version %s: %w", id, err)
	}
	return module, nil
}
