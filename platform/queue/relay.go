package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/db"
)

const (
	relayEvery = time.Second
	// queuedFor is how long a row may wait in Redis before asynq is asked whether
	// its ticket still waits. A worker that dies before its claim is noticed by
	// it: with the sweep and the relay it must be less than 20 s.
	queuedFor = lease
	// ahead bounds the rows in Redis, per job at once: few are lost with it.
	ahead = 4
)

// ticket is what travels through Redis: which attempt of which row.
type ticket struct {
	Row     uuid.UUID `json:"row"`
	Attempt int       `json:"attempt"`
}

// String is its id in asynq, which takes each once.
func (t ticket) String() string { return fmt.Sprintf("%s:%d", t.Row, t.Attempt) }

// relay moves waiting rows to asynq, and rows whose lease is over back to
// waiting. Any number of processes may do so at once.
type relay struct {
	pool   *db.Pool
	redis  redis.UniversalClient
	client *asynq.Client
	shown  *asynq.Inspector // of the tickets in Redis
	mux    *Mux
	log    *slog.Logger
	nudge  chan struct{} // a job has finished: there is room
	passed atomic.Pointer[time.Time]
}

// Wake tells relays, through Redis, that jobs were added. It is best effort:
// they look for themselves every second.
func Wake(ctx context.Context, r redis.UniversalClient, channel string) error {
	return r.Publish(ctx, channel, "").Err()
}

// run relays until ctx ends.
func (r *relay) run(ctx context.Context, wake <-chan *redis.Message) {
	tick, sweep := time.NewTicker(relayEvery), time.NewTicker(sweepEvery)
	defer tick.Stop()
	defer sweep.Stop()
	for {
		switch err, now := r.all(ctx), time.Now(); {
		case err == nil:
			r.passed.Store(&now)
		case ctx.Err() == nil:
			r.log.WarnContext(ctx, "relay", "err", err)
			pauseFor(ctx, relayEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		case <-r.nudge:
		case <-sweep.C:
			if err := r.sweep(ctx); err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "sweep", "err", err)
			}
		}
	}
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// all relays what there is room for, in every queue.
func (r *relay) all(ctx context.Context) error {
	var faults []error
	for _, q := range r.mux.queues {
		faults = append(faults, r.fill(ctx, q))
	}
	return errors.Join(faults...)
}

// fill marks rows queued and then hands them to asynq. A crash between the
// two is healed by the sweep. Kinds that this program does not know wait for
// one that does.
func (r *relay) fill(ctx context.Context, q Queue) error {
	rows, err := r.pool.Query(ctx, `
		UPDATE outbox
		SET state = 'queued', lease_until = now() + $3
		WHERE id IN (
			SELECT id
			FROM outbox
			WHERE queue = $1 AND state = 'waiting' AND run_at <= now() AND kind = ANY($4)
			ORDER BY run_at
			LIMIT greatest(0, $2 - (SELECT count(*) FROM outbox WHERE queue = $1 AND state = 'queued'))
			FOR UPDATE SKIP LOCKED)
		RETURNING kind, id, attempt`, q.Name, ahead*q.Concurrency, queuedFor, r.mux.kinds())
	if err != nil {
		return fmt.Errorf("relay %s: %w", q.Name, err)
	}
	type next struct {
		Kind    string
		Row     uuid.UUID
		Attempt int
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[next])
	if err != nil {
		return fmt.Errorf("relay %s: %w", q.Name, err)
	}
	for i, n := range found {
		if err := r.enqueue(ctx, q, n.Kind, ticket{n.Row, n.Attempt}); err != nil {
			for _, late := range found[i:] {
				r.unqueue(ctx, late.Row, late.Attempt)
			}
			return err
		}
	}
	return nil
}

func (r *relay) enqueue(ctx context.Context, q Queue, kind string, t ticket) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = r.client.EnqueueContext(ctx, asynq.NewTask(kind, body),
		asynq.TaskID(t.String()), asynq.Queue(q.Name), asynq.MaxRetry(3), asynq.Timeout(24*time.Hour))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) { // a conflict: this attempt is there already
		return fmt.Errorf("enqueue %s: %w", kind, err)
	}
	return nil
}

// unqueue puts a row back that Redis did not take, or took without saying so:
// with another attempt, so that a ticket which turns up late is of no use, and
// does not stand in the way of the next.
func (r *relay) unqueue(ctx context.Context, id uuid.UUID, attempt int) {
	_, err := r.pool.Exec(ctx, `
		UPDATE outbox
		SET state = 'waiting', attempt = attempt + 1, lease_until = NULL, run_at = now() + interval '1 second'
		WHERE id = $1 AND attempt = $2 AND state = 'queued'`, id, attempt)
	if err != nil {
		r.log.WarnContext(ctx, "unqueue", "job", id, "err", err)
	}
}
