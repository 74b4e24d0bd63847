package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// A claim lasts lease and is renewed long before it ends, even if a renewal
// or two fail.
const (
	lease      = 10 * time.Second
	renewEvery = 3 * time.Second
	renewAgain = time.Second // after a renewal that failed
)

// keeper renews all claims of a process: in one statement, and on a
// connection that no job can hold, so that jobs which wait for each other's
// connections stay the process's own.
type keeper struct {
	pool *db.Pool
	log  *slog.Logger

	mu     sync.Mutex
	claims map[*claim]bool
}

// keep renews a claim until drop is called, and calls c.lose when it is over
// or somebody else's.
func (k *keeper) keep(c *claim) (drop func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.claims[c] = true
	c.end = time.AfterFunc(lease, c.lose)
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.claims, c)
		c.end.Stop()
	}
}

// run renews until ctx ends.
func (k *keeper) run(ctx context.Context) {
	for wait := renewEvery; ctx.Err() == nil; pauseFor(ctx, wait) {
		wait = renewEvery
		if err := k.renew(ctx); err != nil && ctx.Err() == nil {
			k.log.WarnContext(ctx, "renew claims", "err", err)
			wait = renewAgain
		}
	}
}

// standing returns the claims that are not known to be lost.
func (k *keeper) standing() (claims []*claim, ids []uuid.UUID, attempts []int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range k.claims {
		if !c.lost.Load() {
			claims, ids, attempts = append(claims, c), append(ids, c.id), append(attempts, c.attempt)
		}
	}
	return claims, ids, attempts
}

// renewal is what became of one claim.
type renewal struct {
	Index   int // in the list, from 1
	Renewed bool
	Stands  bool // if not renewed, its row is locked: it is just being finished, or taken over
}

// renew renews every claim. It never waits for a row that a job's own
// transaction holds, as all others would wait with it.
func (k *keeper) renew(ctx context.Context) error {
	claims, ids, attempts := k.standing()
	if len(claims) == 0 {
		return nil
	}
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	rows, err := k.pool.Query(ctx, `
		WITH held AS (
			SELECT *
			FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS h (id, attempt, index)),
		mine AS (
			SELECT o.id
			FROM outbox o
			JOIN held h ON h.id = o.id AND h.attempt = o.attempt
			WHERE o.state = 'running'
			FOR UPDATE OF o SKIP LOCKED),
		renewed AS (
			UPDATE outbox o
			SET lease_until = now() + $3
			FROM mine
			WHERE o.id = mine.id
			RETURNING o.id, o.attempt)
		SELECT h.index, r.id IS NOT NULL, o.id IS NOT NULL
		FROM held h
		LEFT JOIN renewed r ON r.id = h.id AND r.attempt = h.attempt
		LEFT JOIN outbox o ON o.id = h.id AND o.attempt = h.attempt AND o.state = 'running'`, ids, attempts, lease)
	if err != nil {
		return err
	}
	renewals, err := pgx.CollectRows(rows, pgx.RowToStructByPos[renewal])
	if err != nil {
		return fmt.Errorf("renew %d claims: %w", len(claims), err)
	}
	for _, r := range renewals {
		switch c := claims[r.Index-1]; {
		case r.Renewed:
			c.end.Reset(lease - time.Since(asked))
		case !r.Stands:
			c.lose()
		}
	}
	return nil
}
