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
// that is queued and has no ticket, a ticket without a job, and one that asynq
// has given up. The first is taken up again when its lease is over.
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
	tickets, given, err := tickets(rdb)
	if err != nil {
		return nil, err
	}
	found := given
	rows, err := q.Query(ctx, `
		SELECT format('job %s, %s, is queued, but Redis has no ticket of it', id, kind)
		FROM outbox
		WHERE state = 'queued' AND id::text || ':' || attempt <> ALL($1)
		UNION ALL
		SELECT format('Redis has a ticket %s, but there is no such job', ticket)
		FROM unnest($1::text[]) AS t (ticket)
		WHERE NOT EXISTS (SELECT FROM outbox WHERE id::text = split_part(ticket, ':', 1))
		ORDER BY 1`, tickets)
	if err != nil {
		return nil, fmt.Errorf("compare the queue: %w", err)
	}
	more, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("compare the queue: %w", err)
	}
	return append(found, more...), nil
}

// page is how many tickets are asked for at once.
const page = 1000

// tickets returns the ids of all that wait or run, and what is said of those
// that were given up.
func tickets(rdb redis.UniversalClient) (ids, given []string, err error) {
	in := asynq.NewInspectorFromRedisClient(rdb)
	names, err := in.Queues()
	if err != nil {
		return nil, nil, fmt.Errorf("queues in Redis: %w", err)
	}
	ids = []string{}
	for _, name := range names {
		for _, list := range []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){
			in.ListPendingTasks, in.ListActiveTasks, in.ListScheduledTasks, in.ListRetryTasks, in.ListArchivedTasks,
		} {
			all, err := whole(name, list)
			if err != nil {
				return nil, nil, fmt.Errorf("queue %s in Redis: %w", name, err)
			}
			for _, t := range all {
				ids = append(ids, t.ID)
				if t.State == asynq.TaskStateArchived {
					given = append(given, fmt.Sprintf("ticket %s, %s, was given up: %s", t.ID, t.Type, strings.TrimSpace(t.LastErr)))
				}
			}
		}
	}
	return ids, given, nil
}

func whole(name string, list func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error)) ([]*asynq.TaskInfo, error) {
	var all []*asynq.TaskInfo
	for n := 1; ; n++ {
		some, err := list(name, asynq.PageSize(page), asynq.Page(n))
		all = append(all, some...)
		if err != nil || len(some) < page {
			return all, err
		}
	}
}
