package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

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
