package operate

import (
	"context"
	"fmt"
	"io"

	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
)

// Fsck checks that inbox, purchases, grants, ledger, jobs, mails and offline
// packages agree. It prints a line for each difference, and returns how many
// there are.
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
	fmt.Fprintf(out, "%d checks, %d differences\n", len(checks())+1, differences)
	return differences, nil
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
