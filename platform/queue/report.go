package queue

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Count tells how many jobs of a queue are in one state.
type Count struct {
	Queue  string
	State  State
	Jobs   int
	Oldest time.Duration // since it was added
}

// Counts returns the numbers of jobs by queue and state.
func Counts(ctx context.Context, q db.Querier) ([]Count, error) {
	rows, err := q.Query(ctx, `
		SELECT queue, state, count(*), extract(epoch FROM now() - min(created_at))::bigint * 1000000000
		FROM outbox
		GROUP BY queue, state
		ORDER BY queue, array_position('{waiting,queued,running,done,dead}', state)`)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return counts, nil
}

// Unfinished returns the numbers of jobs that are not done, by queue and
// state. It reads no more than those, so that it may be asked often.
func Unfinished(ctx context.Context, q db.Querier) ([]Count, error) {
	rows, err := q.Query(ctx, unfinished+`
		SELECT queue, state, count(*), extract(epoch FROM now() - min(created_at))::bigint * 1000000000
		FROM unfinished
		GROUP BY queue, state
		ORDER BY queue, state`, lateAfter)
	if err != nil {
		return nil, fmt.Errorf("count unfinished jobs: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, fmt.Errorf("count unfinished jobs: %w", err)
	}
	return counts, nil
}

// Report prints how many jobs there are, and which are dead of what.
func Report(ctx context.Context, q db.Querier, out io.Writer) error {
	counts, err := Counts(ctx, q)
	if err != nil {
		return err
	}
	dead, err := Deaths(ctx, q)
	if err != nil {
		return err
	}
	if len(counts) == 0 {
		_, err := fmt.Fprintln(out, "There are no jobs.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "QUEUE\tSTATE\tJOBS\tOLDEST")
	for _, c := range counts {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", c.Queue, c.State, c.Jobs, about(c.Oldest))
	}
	if len(dead) > 0 {
		fmt.Fprintln(w, "\nDEAD\tKIND\tSINCE\tFAILURES\tCAUSE")
	}
	for _, d := range dead {
		cause, _, _ := strings.Cut(d.Cause, "\n") // of a panic, not its stack
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", d.ID, d.Kind, d.Died.UTC().Format(time.DateTime), d.Failures, cause)
	}
	return w.Flush()
}

// about leaves out seconds that nobody needs.
func about(d time.Duration) time.Duration {
	if d > time.Minute {
		return d.Truncate(time.Minute)
	}
	return d
}
