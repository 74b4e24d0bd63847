package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// lateAfter is for how long a job may wait, when it could run, before somebody
// should look.
const lateAfter = time.Minute

// Unfinished states of jobs, as somebody looks for them.
const (
	AnyState = ""
	Pending  = "waiting" // for their time, the relay, or a worker
	Late     = "late"    // waiting, though they could run
	Active   = "running"
	Failed   = "failed" // for good
)

// Job is a job that is not done.
type Job struct {
	ID       uuid.UUID         `json:"id"`
	Kind     string            `json:"kind"`
	Queue    string            `json:"queue"`
	State    State             `json:"state"`
	Late     bool              `json:"late"`
	Attempt  int               `json:"attempt"`  // from 1; also raised when a worker was lost
	Failures int               `json:"failures"` // so far
	Progress string            `json:"progress,omitempty"`
	Error    string            `json:"error,omitempty"` // of the latest attempt that failed
	Created  time.Time         `json:"created"`
	Due      time.Time         `json:"due"`               // it does not run before
	Started  *time.Time        `json:"started,omitempty"` // the latest attempt
	Lease    *time.Time        `json:"lease,omitempty"`   // until when the worker, or Redis, has it
	Ended    *time.Time        `json:"ended,omitempty"`   // when it failed for good
	Request  string            `json:"request,omitempty"` // that made it necessary
	Trace    string            `json:"trace,omitempty"`   // of that request, as W3C's traceparent
	Payload  map[string]string `json:"payload"`
}

// Filter says which jobs are wanted. Its zero value wants all.
type Filter struct {
	State  string // one of the unfinished states
	Queue  string
	Kind   string
	Before uuid.UUID // jobs added before this one
	ID     uuid.UUID // this one alone
	Limit  int
}

// unfinished holds the ids of jobs that are not done, each state by an index of
// its own, with what is counted of them.
const unfinished = `
	WITH unfinished AS (
		SELECT id, kind, queue, state, created_at, CASE state WHEN 'dead' THEN 'failed' WHEN 'running' THEN 'running' ELSE 'waiting' END AS standing,
		       state IN ('waiting', 'queued') AND run_at < now() - $1::interval AS late
		FROM (SELECT id, kind, queue, state, created_at, run_at FROM outbox WHERE state = 'waiting'
		      UNION ALL
		      SELECT id, kind, queue, state, created_at, run_at FROM outbox WHERE state IN ('queued', 'running')
		      UNION ALL
		      SELECT id, kind, queue, state, created_at, run_at FROM outbox WHERE state = 'dead') AS o)`

// Find returns jobs that are not done, those that were added last first.
func Find(ctx context.Context, q db.Querier, f Filter) ([]Job, error) {
	rows, err := q.Query(ctx, unfinished+`
		SELECT o.id, o.kind, o.queue, o.state, u.late, attempt, failures, progress, error, o.created_at, run_at, started_at, lease_until, finished_at, request, trace,
		       (SELECT coalesce(jsonb_object_agg(name, value), '{}')
		        FROM jsonb_each_text(CASE jsonb_typeof(payload) WHEN 'object' THEN payload ELSE '{}' END) AS field (name, value)
		        WHERE value IS NOT NULL)
		FROM (
			SELECT id, late
			FROM unfinished
			WHERE ($2 = '' OR standing = $2 OR $2 = 'late' AND late)
			  AND ($3 = '' OR queue = $3)
			  AND ($4 = '' OR kind = $4)
			  AND ($5 = '00000000-0000-0000-0000-000000000000'::uuid OR id < $5)
			  AND ($6 = '00000000-0000-0000-0000-000000000000'::uuid OR id = $6)
			ORDER BY id DESC
			LIMIT $7) u
		JOIN outbox o ON o.id = u.id
		ORDER BY o.id DESC`, lateAfter, f.State, f.Queue, f.Kind, f.Before, f.ID, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Job])
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return jobs, nil
}

// Tally tells how many jobs of a kind are not done.
type Tally struct {
	Queue   string `json:"queue"`
	Kind    string `json:"kind"`
	Running int    `json:"running"`
	Waiting int    `json:"waiting"`
	Late    int    `json:"late"` // of those that wait
	Failed  int    `json:"failed"`

	First uuid.UUID     `json:"-"` // of those that may still run, the one that was added first; zero if none may
	Age   time.Duration `json:"-"` // of First
}

// Tallies returns the numbers of jobs that are not done, by queue and kind.
func Tallies(ctx context.Context, q db.Querier) ([]Tally, error) {
	rows, err := q.Query(ctx, unfinished+`
		SELECT queue, kind, count(*) FILTER (WHERE standing = 'running'), count(*) FILTER (WHERE standing = 'waiting'),
		       count(*) FILTER (WHERE late), count(*) FILTER (WHERE standing = 'failed'),
		       coalesce((array_agg(id ORDER BY created_at, id) FILTER (WHERE standing <> 'failed'))[1], '00000000-0000-0000-0000-000000000000'),
		       coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE standing <> 'failed'))::bigint * 1000000000, 0)
		FROM unfinished
		GROUP BY queue, kind
		ORDER BY queue, kind`, lateAfter)
	if err != nil {
		return nil, fmt.Errorf("tally jobs: %w", err)
	}
	tallies, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Tally])
	if err != nil {
		return nil, fmt.Errorf("tally jobs: %w", err)
	}
	return tallies, nil
}
