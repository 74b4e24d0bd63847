package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Death is a job that failed for good.
type Death struct {
	ID       uuid.UUID
	Kind     string
	Failures int
	Died     time.Time
	Cause    string
}

// Deaths lists the jobs that failed for good, the latest first.
func Deaths(ctx context.Context, q db.Querier) ([]Death, error) {
	rows, err := q.Query(ctx, `
		SELECT id, kind, failures, finished_at, error
		FROM outbox
		WHERE state = 'dead'
		ORDER BY finished_at DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("dead jobs: %w", err)
	}
	dead, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Death])
	if err != nil {
		return nil, fmt.Errorf("dead jobs: %w", err)
	}
	return dead, nil
}

// All stands for every dead job.
const All = "all"

// Retry gives dead jobs all their tries again: one by its id, those of a
// kind, or All. It returns how many there were.
func Retry(ctx context.Context, tx pgx.Tx, which string) (int, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE outbox
		SET state = 'waiting', attempt = attempt + 1, failures = 0, losses = 0, run_at = now(), finished_at = NULL
		WHERE state = 'dead' AND ($1 = 'all' OR kind = $1 OR id::text = lower($1))`, which)
	if err != nil {
		return 0, fmt.Errorf("retry %s: %w", which, err)
	}
	db.Announce(tx, Topic)
	return int(tag.RowsAffected()), nil
}
