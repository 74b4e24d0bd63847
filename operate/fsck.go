package operate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// Fsck checks that inbox, purchases, grants, ledger, jobs, mails and offline
// packages agree. It prints a line for each difference, and returns how many
// there are; an error too where Redis could not be asked, as then nobody knows
// whether the queue agrees.
func Fsck(ctx context.Context, p *platform.Platform, out io.Writer) (int, error) {
	differences := 0
	for _, c := range checks() {
		found, err := c.run(ctx, p.DB)
		if err != nil {
			return differences, err
		}
		for _, what := range found {
			fmt.Fprintf(out, "%s: %s\n", c.name, what)
		}
		differences += len(found)
	}
	lost, err := offline.LostKeys(ctx, p.DB, offline.Keyring(p.Config))
	if err != nil {
		return differences, err
	}
	for _, l := range lost {
		fmt.Fprintf(out, "packages of a module cannot be opened (%s): %v\n", whenLost, l.Err)
	}
	differences += len(lost)
	asked := len(checks()) + 1
	queued, err := queued(ctx, p, out)
	if err == nil {
		asked++
	}
	differences += queued
	fmt.Fprintf(out, "%d checks, %d differences\n", asked, differences)
	return differences, err
}

func (c check) run(ctx context.Context, q db.Querier) ([]string, error) {
	rows, err := q.Query(ctx, c.query)
	if err != nil {
		return nil, fmt.Errorf("check %q: %w", c.name, err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return nil, fmt.Errorf("check %q: %w", c.name, err)
		}
		found = append(found, what)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("check %q: %w", c.name, err)
	}
	return found, nil
}

// queued compares the queue in Redis with the outbox. A Redis that is away has
// lost nothing that the outbox has not, but neither does anybody know whether
// the two agree.
func queued(ctx context.Context, p *platform.Platform, out io.Writer) (int, error) {
	if p.Redis == nil {
		return 0, errors.New("the queue is not compared: REDIS_URL is not set")
	}
	if err := p.Redis.Ping(ctx).Err(); err != nil {
		return 0, fmt.Errorf("the queue is not compared: Redis does not answer: %w", err)
	}
	found, err := queue.Differences(ctx, p.DB, p.Redis)
	for _, what := range found {
		fmt.Fprintf(out, "the queue: %s\n", what)
	}
	return len(found), err
}
