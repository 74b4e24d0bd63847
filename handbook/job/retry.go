package job

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/platform/queue"
)

// Retry has dead jobs tried again, as queue.Retry does, and records it where
// there were any: by an operator, or by a word of the program, which by names.
func Retry(ctx context.Context, tx pgx.Tx, which string, operator uuid.UUID, by string) (int, error) {
	n, err := queue.Retry(ctx, tx, which)
	if err != nil || n == 0 {
		return 0, err
	}
	e := audit.Entry{Actor: operator, Action: "jobs retried", Subject: audit.Jobs(which), Detail: map[string]any{"jobs": n}}
	if id, err := uuid.Parse(which); err == nil {
		e.Action, e.Subject = "job retried", audit.Job(id)
	}
	if by != "" {
		e.Detail["by"] = by
	}
	return n, audit.Write(ctx, tx, e)
}
