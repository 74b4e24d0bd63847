package offline

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/seal"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// Lost is a module whose key the keyring cannot unwrap: it lacks the key that
// wrapped it, or has another one under its id.
type Lost struct {
	Module string
	Err    error // which key
}

// LostKeys returns the modules whose packages nobody can fetch or open, in the
// order of their names.
func LostKeys(ctx context.Context, q db.Querier, ring *seal.Keyring) (lost []Lost, err error) {
	rows, err := q.Query(ctx, `
		SELECT module_key, wrapped_by, wrapped
		FROM module_keys
		ORDER BY module_key`)
	if err != nil {
		return nil, fmt.Errorf("keys of modules: %w", err)
	}
	var module string
	var w seal.Wrapped
	_, err = pgx.ForEachRow(rows, []any{&module, &w.By, &w.Body}, func() error {
		if _, err := ring.Unwrap(w, module); err != nil {
			lost = append(lost, Lost{module, err})
		}
		return nil
	})
	return lost, err
}

// Replace gives up the lost key of a module, and the packages that it sealed.
// Jobs make them again under a new one, and devices fetch all of them again. It
// returns how many there are: none where the key is not lost after all. by says
// how the operator told so.
func Replace(ctx context.Context, p *db.Pool, ring *seal.Keyring, module, by string) (packages int, err error) {
	err = db.Tx(ctx, p, func(tx pgx.Tx) error {
		var id uuid.UUID
		var w seal.Wrapped
		err := tx.QueryRow(ctx, `
			SELECT id, wrapped_by, wrapped
			FROM module_keys
			WHERE module_key = $1
			FOR UPDATE`, module).Scan(&id, &w.By, &w.Body)
		if err != nil {
			return err
		}
		if _, err := ring.Unwrap(w, module); err == nil {
			return nil
		}
		versions, err := giveUp(ctx, tx, module, id)
		if err != nil {
			return err
		}
		if err := create(ctx, tx, ring, module); err != nil {
			return err
		}
		for _, v := range versions {
			if _, err := queue.Add(ctx, tx, job.GenerateOfflinePackage{Version: v}); err != nil {
				return err
			}
		}
		packages = len(versions)
		return audit.Write(ctx, tx, audit.Entry{
			Action: "lost key replaced", Subject: audit.Module(module), Detail: map[string]any{"packages": packages, "by": by},
		})
	})
	if err != nil {
		return 0, fmt.Errorf("new key of %q: %w", module, err)
	}
	return packages, nil
}

// giveUp deletes a key with its packages, and returns the versions that need
// another one: theirs, and the active one.
func giveUp(ctx context.Context, tx pgx.Tx, module string, key uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `
		WITH gone AS (
			DELETE FROM packages
			WHERE key_id = $2
			RETURNING version_id)
		SELECT v.id
		FROM content_versions v
		WHERE v.module_id = $1 AND (v.is_active OR v.id IN (SELECT version_id FROM gone))
		ORDER BY v.is_active DESC, v.id`, module, key)
	if err != nil {
		return nil, err
	}
	versions, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM module_keys WHERE id = $1`, key)
	return versions, err
}
