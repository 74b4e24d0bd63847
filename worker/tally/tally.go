// Package tally counts what browsers told of by day, and keeps the months in
// which the events lie.
package tally

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// Jobs are the jobs of this package.
type Jobs struct {
	DB *db.Pool
}

// RollUp replaces what was counted of a day by what its events say now. Of
// modules, lessons and versions only those count that there are. A day whose
// events have gone stays as it was counted.
func (j Jobs) RollUp(ctx context.Context, a job.RollUpAnalytics) error {
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		day, err := dayOf(ctx, tx, a)
		if err != nil {
			return err
		}
		n, err := count(ctx, tx, day)
		if gone(err) {
			return queue.Permanent(fmt.Errorf("there are no events of %s: they have gone, or are to come. What was counted stays", day.Format(time.DateOnly)))
		}
		if err != nil {
			return fmt.Errorf("count analytics of %s: %w", day.Format(time.DateOnly), err)
		}
		return queue.Finish(ctx, tx, map[string]int64{"rows": n})
	})
}

func dayOf(ctx context.Context, q db.Querier, a job.RollUpAnalytics) (day time.Time, err error) {
	if a.Day == "" {
		err = q.QueryRow(ctx, `SELECT (now() AT TIME ZONE 'UTC')::date`).Scan(&day)
		return day, err
	}
	if day, err = time.Parse(time.DateOnly, a.Day); err != nil {
		return day, queue.Permanent(err)
	}
	return day, nil
}

// count counts a day, while nobody else does, and returns how many rows it
// makes. It asks the month's own partition, so that it fails where there is
// none, and counts nothing.
func count(ctx context.Context, tx pgx.Tx, day time.Time) (rows int64, err error) {
	if _, err := tx.Exec(ctx, `LOCK TABLE analytics_daily IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM analytics_daily WHERE day = $1`, day); err != nil {
		return 0, err
	}
	month := pgx.Identifier{"analytics_events_" + day.Format("2006_01")}.Sanitize()
	tag, err := tx.Exec(ctx, `
		WITH counted AS (
			SELECT kind, module_id, lesson_id, version,
			       count(*) AS events, count(*) - count(user_id) AS anonymous, count(DISTINCT user_id) AS people
			FROM `+month+`
			WHERE at >= $1::date::timestamp AT TIME ZONE 'UTC' AND at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
			GROUP BY kind, module_id, lesson_id, version)
		INSERT INTO analytics_daily (day, kind, module_id, lesson_id, version, events, anonymous, people)
		SELECT $1, kind, module_id, lesson_id, version, events, anonymous, people
		FROM counted c
		WHERE (module_id = '' OR EXISTS (SELECT FROM modules WHERE key = c.module_id))
		  AND (lesson_id = '' OR EXISTS (SELECT FROM lesson_ids l WHERE l.lesson_id = c.lesson_id AND l.module_key = c.module_id))
		  AND (version = '' OR EXISTS (SELECT FROM content_versions v WHERE v.module_id = c.module_id AND v.version = c.version))`, day)
	return tag.RowsAffected(), err
}

// gone reports whether err says that a table is not there.
func gone(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "42P01"
}
