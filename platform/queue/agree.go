package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/db"
)

// settling is for how long Redis and the outbox may differ while a job goes
// from one to the other.
const settling = 2 * time.Second

// Differences tells where Redis and the outbox do not agree, and stay so: a job
// that is queued and has no ticket, or one that asynq has given up, and a ticket
// without a job. The sweep takes the first two up again, and deletes tickets
// that asynq has given up and nobody waits for: those are none.
func Differences(ctx context.Context, q db.Querier, rdb redis.UniversalClient) ([]string, error) {
	first, err := differences(ctx, q, rdb)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	select {
	case <-time.After(settling):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	second, err := differences(ctx, q, rdb)
	return slices.DeleteFunc(second, func(d string) bool { return !slices.Contains(first, d) }), err
}

func differences(ctx context.Context, q db.Querier, rdb redis.UniversalClient) ([]string, error) {
	live, given, err := tickets(rdb)
	if err != nil {
		return nil, err
	}
	rows, err := q.Query(ctx, `
		SELECT format('job %s, %s, is queued, but Redis has no ticket of it', id, kind)
		FROM outbox
		WHERE state = 'queued' AND id::text || ':' || attempt <> ALL($1::text[] || $2::text[])
		UNION ALL
		SELECT format('job %s, %s, is queued, but its ticket was given up: %s', id, kind, cause)
		FROM outbox
		JOIN unnest($2::text[], $3::text[]) AS g (ticket, cause) ON id::text || ':' || attempt = ticket
		WHERE state = 'queued'
		UNION ALL
		SELECT format('Redis has a ticket %s, but there is no such job', ticket)
		FROM unnest($1::text[]) AS t (ticket)
		WHERE NOT EXISTS (SELECT FROM outbox WHERE id::text = split_part(ticket, ':', 1))
		ORDER BY 1`, live, given.ids, given.causes)
	if err != nil {
		return nil, fmt.Errorf("compare the queue: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("compare the queue: %w", err)
	}
	return found, nil
}

// page is how many tickets are asked for at once.
const page = 1000

// givenUp are tickets that asynq has given up, and why.
type givenUp struct{ ids, causes []string }

// tickets returns the ids of all that wait or run, and those that were given up.
func tickets(rdb redis.UniversalClient) (live []string, given givenUp, err error) {
	in := asynq.NewInspectorFromRedisClient(rdb)
	names, err := in.Queues()
	if err != nil {
		return nil, given, fmt.Errorf("queues in Redis: %w", err)
	}
	live, given = []string{}, givenUp{[]string{}, []string{}} // no NULL
	for _, name := range names {
		for _, list := range []lister{
			in.ListPendingTasks, in.ListActiveTasks, in.ListScheduledTasks, in.ListRetryTasks, in.ListArchivedTasks,
		} {
			all, err := whole(name, list)
			if err != nil {
				return nil, given, fmt.Errorf("queue %s in Redis: %w", name, err)
			}
			for _, t := range all {
				if t.State == asynq.TaskStateArchived {
					given.ids, given.causes = append(given.ids, t.ID), append(given.causes, strings.TrimSpace(t.LastErr))
				} else {
					live = append(live, t.ID)
				}
			}
		}
	}
	return live, given, nil
}

// lister lists the tickets of a queue that are in one state.
type lister func(queue string, o ...asynq.ListOption) ([]*asynq.TaskInfo, error)

func whole(name string, list lister) ([]*asynq.TaskInfo, error) {
	var all []*asynq.TaskInfo
	for n := 1; ; n++ {
		some, err := list(name, asynq.PageSize(page), asynq.Page(n))
		all = append(all, some...)
		if err != nil || len(some) < page {
			return all, err
		}
	}
}
