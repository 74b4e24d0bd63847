package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

const (
	sweepEvery = 5 * time.Second
	// A job may lose patience workers in a row and is taken over at once; then
	// the waits triple, and after deadly of them it is dead: it may be what
	// they die of, and others' jobs die with it.
	patience = 3
	deadly   = 20
	// unknownFor is how long a job waits for a worker that knows its kind: a
	// deploy has long ended, and somebody should be told.
	unknownFor = 24 * time.Hour
	// marker is a key in Redis without which it has lost everything.
	marker = "outbox:marker"
	// tidied bounds the tickets of a queue that one sweep deletes.
	tidied = 100
)

// sweep makes rows wait again that nobody works on any more, and deletes what is
// left of them in Redis.
func (r *relay) sweep(ctx context.Context) error {
	n, err := r.overdue(ctx)
	if err == nil && n == 0 {
		n, err = r.forgotten(ctx)
	}
	if n > 0 {
		r.log.InfoContext(ctx, "jobs taken over", "count", n)
	}
	if err == nil {
		err = r.tidy(ctx)
	}
	return errors.Join(err, r.strangers(ctx))
}

// tidy deletes tickets that asynq has given up and nobody waits for, as their
// rows are gone, or went on under another attempt. One that is waited for is
// deleted once its row is overdue.
func (r *relay) tidy(ctx context.Context) error {
	for _, q := range r.mux.queues {
		given, err := r.shown.ListArchivedTasks(q.Name, asynq.PageSize(tidied))
		if errors.Is(err, asynq.ErrQueueNotFound) || err == nil && len(given) == 0 {
			continue
		}
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		idle, err := r.idle(ctx, given)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		for _, id := range idle {
			if err := r.shown.DeleteTask(q.Name, id); err != nil && !errors.Is(err, asynq.ErrTaskNotFound) {
				return fmt.Errorf("sweep: %w", err)
			}
		}
	}
	return nil
}

// idle returns the tickets that no row waits for.
func (r *relay) idle(ctx context.Context, tickets []*asynq.TaskInfo) ([]string, error) {
	var ids []string
	for _, t := range tickets {
		ids = append(ids, t.ID)
	}
	rows, err := r.pool.Query(ctx, `
		SELECT ticket
		FROM unnest($1::text[]) AS t (ticket)
		WHERE NOT EXISTS (SELECT FROM outbox WHERE state = 'queued' AND id::text || ':' || attempt = ticket)`, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// strangers ends jobs whose kind nobody has known for too long.
func (r *relay) strangers(ctx context.Context) error {
	for _, q := range r.mux.queues {
		tag, err := r.pool.Exec(ctx, `
			UPDATE outbox
			SET state = 'dead', attempt = attempt + 1, finished_at = now(), error = format($3, kind)
			WHERE queue = $1 AND state = 'waiting' AND run_at < now() - $4::interval AND kind <> ALL($2)`,
			q.Name, r.mux.kinds(), q.Unknown, unknownFor)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		if n := tag.RowsAffected(); n > 0 {
			r.log.ErrorContext(ctx, "jobs are dead whose kind is unknown", "queue", q.Name, "count", n)
		}
	}
	return nil
}

// overdue raises the attempt of rows whose lease is over: their worker died,
// or Redis lost them.
func (r *relay) overdue(ctx context.Context) (int64, error) {
	tag, err := r.pool.Exec(ctx, `
		UPDATE outbox o
		SET attempt = attempt + 1,
		    lease_until = NULL,
		    losses = losses + l.died::int,
		    state = CASE WHEN l.died AND losses + 1 >= $2 THEN 'dead' ELSE 'waiting' END,
		    finished_at = CASE WHEN l.died AND losses + 1 >= $2 THEN now() END,
		    error = CASE WHEN l.died AND losses + 1 >= $2 THEN format('%s workers in a row died over this job', losses + 1) ELSE error END,
		    run_at = CASE WHEN l.died AND losses >= $1 THEN now() + least(interval '1 second' * power(3, losses - $1), interval '1 hour') ELSE run_at END
		FROM (SELECT id, state = 'running'
		      FROM outbox
		      WHERE state IN ('queued', 'running') AND lease_until < now()
		      FOR UPDATE SKIP LOCKED) AS l (id, died)
		WHERE o.id = l.id`, patience, deadly)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	return tag.RowsAffected(), nil
}

// forgotten raises the attempt of all queued rows when Redis has none of
// them, having been emptied. A ticket that is there all the same is for an
// older attempt then, and does nothing.
func (r *relay) forgotten(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepEvery)
	defer cancel()
	if known, err := r.redis.Exists(ctx, marker).Result(); err != nil || known > 0 {
		return 0, err
	}
	n, err := UnqueueAll(ctx, r.pool)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	return n, r.redis.Set(ctx, marker, 1, 0).Err()
}

// UnqueueAll has the queued rows wait again, whose tickets are lost with their
// Redis, and returns how many there were.
func UnqueueAll(ctx context.Context, q db.Querier) (int64, error) {
	tag, err := q.Exec(ctx, `
		UPDATE outbox
		SET state = 'waiting', attempt = attempt + 1, lease_until = NULL
		WHERE state = 'queued'`)
	if err != nil {
		return 0, fmt.Errorf("have queued jobs wait again: %w", err)
	}
	return tag.RowsAffected(), nil
}
