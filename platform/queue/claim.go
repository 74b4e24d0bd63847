package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/origin"
)

// ErrLost is returned to a job whose claim was given to another worker.
var ErrLost = errors.New("the claim on this job was lost")

// claim is a worker's right to finish one attempt of a job.
type claim struct {
	pool    *db.Pool
	id      uuid.UUID
	attempt int
	kind    string
	payload []byte
	why     origin.Origin
	done    bool // finished in the job's own transaction

	lost   atomic.Bool // it is over, or somebody else's
	cancel func()      // ends the job's context
	end    *time.Timer // when it is over, unless it is renewed
}

// lose tells the job to stop, as the claim no longer stands.
func (c *claim) lose() {
	c.lost.Store(true)
	c.cancel()
}

// take claims an attempt. It returns nil when there is nothing to do: the
// row is done, or another attempt is under way.
func take(ctx context.Context, p *db.Pool, id uuid.UUID, attempt int) (*claim, error) {
	c := &claim{pool: p, id: id, attempt: attempt}
	err := insist(ctx, func() error {
		return p.QueryRow(ctx, `
			UPDATE outbox
			SET state = 'running', lease_until = now() + $3, started_at = now()
			WHERE id = $1 AND attempt = $2 AND state = 'queued'
			RETURNING kind, payload, request, trace`, id, attempt, lease).Scan(&c.kind, &c.payload, &c.why.Request, &c.why.Trace)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", id, err)
	}
	return c, nil
}

// insist tries again for as long as a claim lasts while PostgreSQL is away or
// its connections are in use: what is short must not fail for that.
func insist(ctx context.Context, do func() error) error {
	err := do()
	for until := time.Now().Add(lease); db.Gone(err) && ctx.Err() == nil && time.Now().Before(until); err = do() {
		pauseFor(ctx, 200*time.Millisecond)
	}
	return err
}

type claimKey struct{}

// Finish marks the job of ctx done, in the transaction of its effect, which
// is thereby fenced: it fails with ErrLost, and so does the transaction, when
// another worker has taken over. result may be nil. Outside a worker, as in a
// test that calls the job directly, it does nothing.
func Finish(ctx context.Context, tx pgx.Tx, result any) error {
	c, ok := ctx.Value(claimKey{}).(*claim)
	if !ok {
		return nil
	}
	if err := c.finish(ctx, tx, result); err != nil {
		return err
	}
	c.done = true
	return nil
}

func (c *claim) finish(ctx context.Context, q db.Querier, result any) error {
	body, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("result of %s: %w", c.kind, err)
	}
	tag, err := q.Exec(ctx, `
		UPDATE outbox
		SET state = 'done', finished_at = now(), lease_until = NULL, result = $3, error = ''
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, c.id, c.attempt, body)
	if err != nil {
		return fmt.Errorf("finish %s: %w", c.id, err)
	}
	if tag.RowsAffected() == 0 {
		return ErrLost
	}
	return nil
}

// Say records how far the job of ctx has come, for those who follow it. It
// returns ErrLost when the job should stop.
func Say(ctx context.Context, format string, args ...any) error {
	c, ok := ctx.Value(claimKey{}).(*claim)
	if !ok {
		return nil
	}
	tag, err := c.pool.Exec(ctx, `
		UPDATE outbox
		SET progress = $3
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, c.id, c.attempt, fmt.Sprintf(format, args...))
	if err != nil {
		return fmt.Errorf("progress of %s: %w", c.id, err)
	}
	if tag.RowsAffected() == 0 {
		return ErrLost
	}
	return nil
}

// fail records a failed attempt, and returns what it left: the job waits for
// the next one, or is dead. The power is bounded before the hour is, as no
// interval holds that of the 29th failure.
func (c *claim) fail(ctx context.Context, cause error, limit int) (State, error) {
	var left State
	err := insist(ctx, func() error {
		return c.pool.QueryRow(ctx, `
			UPDATE outbox
			SET failures = failures + 1,
			    losses = 0,
			    attempt = attempt + 1,
			    state = CASE WHEN failures + 1 >= $3 THEN 'dead' ELSE 'waiting' END,
			    finished_at = CASE WHEN failures + 1 >= $3 THEN now() END,
			    run_at = now() + least(interval '1 second' * power(3, least(failures, 9)), interval '1 hour'),
			    lease_until = NULL,
			    error = left($4, 2000)
			WHERE id = $1 AND attempt = $2 AND state = 'running'
			RETURNING state`, c.id, c.attempt, limit, storable(cause.Error())).Scan(&left)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil // another worker has it
	}
	if err != nil {
		return "", fmt.Errorf("record failure of %s: %w", c.id, err)
	}
	return left, nil
}

// storable returns text that PostgreSQL takes: a failure must be recorded,
// whatever it says.
func storable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}

// giveBack lets another worker have the job at once, without a failure.
func (c *claim) giveBack(ctx context.Context) error {
	return insist(ctx, func() error { return yield(ctx, c.pool, ticket{c.id, c.attempt}, Running) })
}

// yield makes a row wait again, for any worker, under another attempt.
func yield(ctx context.Context, p *db.Pool, t ticket, from State) error {
	_, err := p.Exec(ctx, `
		UPDATE outbox
		SET attempt = attempt + 1, state = 'waiting', lease_until = NULL
		WHERE id = $1 AND attempt = $2 AND state = $3`, t.Row, t.Attempt, from)
	if err != nil {
		return fmt.Errorf("give back %s: %w", t.Row, err)
	}
	return nil
}
