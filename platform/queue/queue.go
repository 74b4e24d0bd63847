// Package queue runs what must happen later. A job is a row in outbox,
// written in the transaction that made it necessary, so that it exists
// exactly if its cause was committed. A relay hands rows to asynq, which
// only carries them: attempts, leases, backoff and death are PostgreSQL's,
// and Redis may be flushed at any moment.
//
//	waiting --relay--> queued --claim--> running --finish--> done
//	   ^                  |                 |
//	   +---- sweep (lease over) ------------+--- failed too often --> dead
//
// Every claim carries the row's attempt as its fencing token. Whoever holds
// an older one can no longer finish: two copies of a job may run, one takes
// effect.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Topic is announced after a commit that added jobs.
const Topic = "outbox"

// maxPayload bounds a payload in bytes: it holds ids, the state is read afresh.
const maxPayload = 1024

// Queue is a named lane with its own number of jobs at once.
type Queue struct {
	Name        string
	Concurrency int
	Unknown     string // how an unknown kind in this queue is reported, with %s for it
}

// Spec says how jobs of one kind are run.
type Spec struct {
	Kind     string
	Queue    Queue
	Timeout  time.Duration // of one attempt
	Failures int           // the job is dead after this many
}

// Args is the payload of a kind of job.
type Args interface {
	Job() Spec
}

// Add writes a job into the outbox, in the caller's transaction, and returns
// its id.
func Add(ctx context.Context, tx pgx.Tx, a Args) (uuid.UUID, error) {
	spec := a.Job()
	payload, err := json.Marshal(a)
	if err != nil {
		return uuid.Nil, fmt.Errorf("payload of %s: %w", spec.Kind, err)
	}
	if len(payload) > maxPayload {
		return uuid.Nil, fmt.Errorf("payload of %s has %d bytes: it must hold ids, %d bytes at most", spec.Kind, len(payload), maxPayload)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO outbox (id, kind, queue, payload)
		VALUES ($1, $2, $3, $4)`, id, spec.Kind, spec.Queue.Name, payload)
	if err != nil {
		return uuid.Nil, fmt.Errorf("add %s: %w", spec.Kind, err)
	}
	db.Announce(tx, Topic)
	return id, nil
}

// State is where a job stands.
type State string

// The states of a job.
const (
	Waiting State = "waiting" // for its time, or for the relay
	Queued  State = "queued"  // in Redis
	Running State = "running" // claimed by a worker
	Done    State = "done"
	Dead    State = "dead" // failed for good; kept until someone looks
)

// Status tells about one job.
type Status struct {
	ID       uuid.UUID       `json:"id"`
	Kind     string          `json:"kind"`
	State    State           `json:"state"`
	Progress string          `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// ErrNoJob is returned for an id that no job has.
var ErrNoJob = errors.New("no such job")

// Look returns the status of a job.
func Look(ctx context.Context, q db.Querier, id uuid.UUID) (Status, error) {
	s := Status{ID: id}
	err := q.QueryRow(ctx, `
		SELECT kind, state, progress, result, error
		FROM outbox
		WHERE id = $1`, id).Scan(&s.Kind, &s.State, &s.Progress, &s.Result, &s.Error)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, ErrNoJob
	}
	if err != nil {
		return s, fmt.Errorf("job %s: %w", id, err)
	}
	return s, nil
}
