// Package learning puts readers' progress right when the events alone tell
// it: after a restore, or when lessons were published that readers' devices
// already told of.
package learning

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/progress"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// Jobs are the jobs of this package.
type Jobs struct {
	DB    *db.Pool
	Cache *cache.Cache // may be nil
}

// SyncProgress makes a reader's progress anew, and renews what is cached of it.
func (j Jobs) SyncProgress(ctx context.Context, a job.SyncProgress) error {
	var modules []string
	err := db.Tx(ctx, j.DB, func(tx pgx.Tx) (err error) {
		err = progress.Refold(ctx, tx, a.User)
		if errors.Is(err, pgx.ErrNoRows) {
			return queue.Finish(ctx, tx, nil) // the account was deleted
		}
		if err != nil {
			return err
		}
		if modules, err = begun(ctx, tx, a.User); err != nil {
			return err
		}
		return queue.Finish(ctx, tx, nil)
	})
	if err != nil {
		return err
	}
	progress.Keep(ctx, j.DB, j.Cache, a.User, modules)
	return nil
}

// begun lists the modules in which a reader has progress.
func begun(ctx context.Context, q db.Querier, user uuid.UUID) ([]string, error) {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT l.module_key
		FROM progress p
		JOIN lesson_ids l ON l.lesson_id = p.lesson_id
		WHERE p.user_id = $1`, user)
	if err != nil {
		return nil, fmt.Errorf("modules of %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// SyncReaders adds a SyncProgress for each reader with events about lessons of
// a version that count but are in no progress, or with progress in what these
// lessons were before, or became, that they lack. It is a job of its own because
// it must see what devices were storing while the version was published.
func (j Jobs) SyncReaders(ctx context.Context, a job.SyncReaders) error {
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		readers, err := behind(ctx, tx, a.Version)
		if err != nil {
			return err
		}
		for _, user := range readers {
			if _, err := queue.Add(ctx, tx, job.SyncProgress{User: user}); err != nil {
				return err
			}
		}
		return queue.Finish(ctx, tx, map[string]int{"readers": len(readers)})
	})
}

// behind lists readers whose progress lacks events about a version's lessons.
func behind(ctx context.Context, q db.Querier, version uuid.UUID) ([]uuid.UUID, error) {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT e.user_id
		FROM lessons l
		JOIN study_events e ON e.lesson_id = l.lesson_id
		WHERE l.version_id = $1 AND e.kind = ANY($2)
		  AND NOT EXISTS (SELECT FROM progress p WHERE p.user_id = e.user_id AND p.lesson_id = e.lesson_id)
		UNION
		SELECT o.user_id
		FROM lessons l
		CROSS JOIN lesson_kin(l.lesson_id) kin
		JOIN progress o ON o.lesson_id = kin
		LEFT JOIN progress p ON p.user_id = o.user_id AND p.lesson_id = l.lesson_id
		WHERE l.version_id = $1 AND kin <> l.lesson_id
		  AND (p.id IS NULL OR p.completed < o.completed OR p.last_access < o.last_access OR NOT p.active @> o.active)`,
		version, []string{progress.Open, progress.Read, progress.Finish})
	if err != nil {
		return nil, fmt.Errorf("readers behind version %s: %w", version, err)
	}
	readers, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("readers behind version %s: %w", version, err)
	}
	return readers, nil
}
