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
// A job that outlives one worker after another is dead too, as it may be what
// they die of. So is one whose kind no worker has known for a day: until then
// it waits, as a deploy may be under way. What is dead is kept, and Retry puts
// it back.
//
// Every claim carries the row's attempt as its fencing token. Whoever holds
// an older one can no longer finish: two copies of a job may run, one takes
// effect. Claims are renewed, rows relayed and schedules kept on a connection
// of the queue's own: jobs that use up all others hold up nothing but
// themselves.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/origin"
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
// its id. The job knows the request of ctx, or that of the job which adds it.
func Add(ctx context.Context, tx pgx.Tx, a Args) (uuid.UUID, error) {
	var b pgx.Batch
	id, err := AddTo(ctx, &b, tx, a)
	if err != nil {
		return uuid.Nil, err
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return uuid.Nil, fmt.Errorf("add %s: %w", a.Job().Kind, err)
	}
	return id, nil
}

// AddTo is Add for a caller who sends the statement in a batch of tx.
func AddTo(ctx context.Context, b *pgx.Batch, tx pgx.Tx, a Args) (uuid.UUID, error) {
	spec, why := a.Job(), origin.Of(ctx)
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
	b.Queue(`
		INSERT INTO outbox (id, kind, queue, payload, request, trace)
		VALUES ($1, $2, $3, $4, $5, $6)`, id, spec.Kind, spec.Queue.Name, payload, why.Request, why.Trace)
	db.Announce(tx, Topic)
	return id, nil
}
