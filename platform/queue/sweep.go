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
	var all int64
	var err error
	for _, find := range []func(context.Context) (int64, error){r.overdue, r.forgotten, r.mislaid} {
		var n int64
		if n, err = find(ctx); err != nil {
			break // what Redis does not tell now it tells later
		}
		all += n
	}
	if all > 0 {
		r.log.InfoContext(ctx, "jobs taken over", "count", all)
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

// overdue raises the attempt of running rows whose lease is over: their worker
// died.
func (r *relay) overdue(ctx context.Context) (int64, error) {
	tag, err := r.pool.Exec(ctx, `
		UPDATE outbox o
		SET attempt = attempt + 1,
		    lease_until = NULL,
		    losses = losses + 1,
		    state = CASE WHEN losses + 1 >= $2 THEN 'dead' ELSE 'waiting' END,
		    finished_at = CASE WHEN losses + 1 >= $2 THEN now() END,
		    error = CASE WHEN losses + 1 >= $2 THEN format('%s workers in a row died over this job', losses + 1) ELSE error END,
		    run_at = CASE WHEN losses >= $1 THEN now() + least(interval '1 second' * power(3, losses - $1), interval '1 hour') ELSE run_at END
		FROM (SELECT id
		      FROM outbox
		      WHERE state = 'running' AND lease_until < now()
		      FOR UPDATE SKIP LOCKED) AS l (id)
		WHERE o.id = l.id`, patience, deadly)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	return tag.RowsAffected(), nil
}

// mislaid raises the attempt of queued rows whose ticket nobody brings any more:
// Redis lost it, asynq gave it up, or the worker that had it died before its
// claim. Those that are merely in the queue are looked for again later. One that
// is taken for lost wrongly does no harm: its ticket is for an older attempt.
func (r *relay) mislaid(ctx context.Context) (n int64, err error) {
	waiting, err := r.waiting(ctx)
	if err != nil || waiting == nil {
		return 0, err
	}
	err = r.pool.QueryRow(ctx, `
		WITH late AS (
			SELECT id, id::text || ':' || attempt = ANY($1) AS waits
			FROM outbox
			WHERE state = 'queued' AND lease_until < now()
			FOR UPDATE SKIP LOCKED),
		settled AS (
			UPDATE outbox o
			SET state = CASE WHEN waits THEN 'queued' ELSE 'waiting' END,
			    attempt = CASE WHEN waits THEN attempt ELSE attempt + 1 END,
			    lease_until = CASE WHEN waits THEN now() + $2 END
			FROM late
			WHERE o.id = late.id
			RETURNING waits)
		SELECT count(*) FILTER (WHERE NOT waits)
		FROM settled`, waiting, queuedFor).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	return n, nil
}

// waiting returns the tickets that asynq will bring to a worker, of the queues
// in which one may be mislaid; nil where there is no such queue.
func (r *relay) waiting(ctx context.Context) (ids []string, err error) {
	rows, err := r.pool.Query(ctx, `SELECT DISTINCT queue FROM outbox WHERE state = 'queued' AND lease_until < now()`)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if len(names) > 0 {
		ids = []string{} // not nil
	}
	for _, name := range names {
		some, err := inQueue(r.shown, name)
		if err != nil {
			return nil, fmt.Errorf("sweep: queue %s in Redis: %w", name, err)
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// inQueue returns the ids of the tickets of a queue that asynq will bring to a
// worker.
func inQueue(in *asynq.Inspector, queue string) (ids []string, err error) {
	for _, list := range []lister{in.ListScheduledTasks, in.ListRetryTasks, in.ListPendingTasks} { // as they go
		all, err := whole(queue, list)
		if err != nil && !errors.Is(err, asynq.ErrQueueNotFound) {
			return nil, err
		}
		for _, t := range all {
			ids = append(ids, t.ID)
		}
	}
	return ids, nil
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
