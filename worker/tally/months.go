package tally

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// What is kept of events: the present month, some before it, and some that
// come, so that a worker which is away for weeks costs nothing.
const (
	monthsBefore = 13
	monthsAhead  = 2
)

// Which days before the present one are counted once more: events arrive up to a
// day late, and were held in memory while PostgreSQL was away; and where no
// worker was there, all since the last one that was counted, which may be so in
// part.
const (
	daysOpen = 3
	daysMost = 60
)

// Keep makes the months that come, drops those that are too old, and has the
// days that are over counted once more. It does not wait long for those who
// write, as all others would wait with it.
func (j Jobs) Keep(ctx context.Context, _ job.KeepAnalytics) error {
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '3s'`); err != nil {
			return err
		}
		var today, open time.Time
		err := tx.QueryRow(ctx, `
			WITH present AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day)
			SELECT day, greatest(day - $3::int, least(day - $2::int, (SELECT max(c.day) FROM analytics_daily c WHERE c.day < present.day)))
			FROM present, make_analytics_partitions(day, $1)`, monthsAhead+1, daysOpen, daysMost).Scan(&today, &open)
		if err != nil {
			return fmt.Errorf("make months of analytics: %w", err)
		}
		dropped, err := drop(ctx, tx, today)
		if err != nil {
			return err
		}
		for day := open; day.Before(today); day = day.AddDate(0, 0, 1) {
			if _, err := queue.Add(ctx, tx, job.RollUpAnalytics{Day: day.Format(time.DateOnly)}); err != nil {
				return err
			}
		}
		return queue.Finish(ctx, tx, map[string][]string{"dropped": dropped})
	})
}

// drop drops the months that are too old, and returns their tables. Names sort
// as months do.
func drop(ctx context.Context, tx pgx.Tx, today time.Time) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT relname::text
		FROM pg_inherits
		JOIN pg_class ON oid = inhrelid
		WHERE inhparent = 'analytics_events'::regclass
		  AND relname < to_char(date_trunc('month', $1::date) - make_interval(months => $2), '"analytics_events_"YYYY"_"MM') COLLATE "C"
		ORDER BY relname`, today, monthsBefore)
	if err != nil {
		return nil, fmt.Errorf("old months of analytics: %w", err)
	}
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("old months of analytics: %w", err)
	}
	for _, table := range old {
		if _, err := tx.Exec(ctx, `DROP TABLE `+pgx.Identifier{table}.Sanitize()); err != nil {
			return nil, fmt.Errorf("drop %s: %w", table, err)
		}
	}
	return old, nil
}
