package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// scheduleEvery is how often a worker looks for slots that have begun.
const scheduleEvery = time.Second

// Schedule has a job added in every slot of time: slots are Every long and
// begin at midnight UTC.
type Schedule struct {
	Name  string // never used for anything else
	Every time.Duration
	Job   Args
}

// Tick adds the jobs of the slots that have begun, by PostgreSQL's clock, and
// returns how many. Any number of workers may call it at once: the row of a
// schedule lets one of them pass in each slot, and the job is added in the
// same transaction, so that one that dies leaves the slot to the others. Of
// slots that passed while nobody called, only the latest is made up for.
func Tick(ctx context.Context, p *db.Pool, schedules ...Schedule) (added int, err error) {
	var faults []error
	for _, s := range schedules {
		due := false
		err := db.Tx(ctx, p, func(tx pgx.Tx) (err error) {
			if due, err = s.enter(ctx, tx); err != nil || !due {
				return err
			}
			_, err = Add(ctx, tx, s.Job)
			return err
		})
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("schedule %s: %w", s.Name, err))
		case due:
			added++
		}
	}
	return added, errors.Join(faults...)
}

// enter claims the present slot, and reports whether it was free. The row is
// locked only when it may be.
func (s Schedule) enter(ctx context.Context, tx pgx.Tx) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO schedule AS s (name, slot)
		SELECT $1, n.slot
		FROM date_bin($2, now(), '2000-01-01T00:00:00Z') AS n (slot)
		WHERE NOT EXISTS (SELECT FROM schedule WHERE name = $1 AND slot >= n.slot)
		ON CONFLICT (name) DO UPDATE
		SET slot = excluded.slot
		WHERE s.slot < excluded.slot`, s.Name, s.Every)
	if err != nil {
		return false, err
	}
	return tag.RowsAffected() == 1, nil
}

// schedule ticks until ctx ends.
func (w *Worker) schedule(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := Tick(ctx, w.own, w.o.Schedules...); err != nil && ctx.Err() == nil {
			w.o.Log.WarnContext(ctx, "schedule", "err", err)
		}
		pauseFor(ctx, scheduleEvery)
	}
}
