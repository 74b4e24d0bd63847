package job_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// TestRetry has jobs tried again by each way to name them, and each that did
// something is on record.
func TestRetry(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, attempt, failures, finished_at)
		SELECT ('01900000-0000-7000-8000-00000000000' || n)::uuid, kind, 'lane', '{}', 'dead', 1, 3, now()
		FROM (VALUES (1, 'count'), (2, 'count'), (3, 'count'), (4, 'other')) AS rows (n, kind)`)
	for _, tc := range []struct {
		which string
		want  int
	}{
		{"nothing", 0},
		{"01900000-0000-7000-8000-00000000000A", 0},
		{"01900000-0000-7000-8000-000000000001", 1},
		{"count", 2},
		{queue.All, 1},
		{queue.All, 0},
	} {
		err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
			n, err := job.Retry(t.Context(), tx, tc.which, uuid.Nil, "handbook retry")
			if n != tc.want {
				t.Errorf("%s has %d tried again, want %d", tc.which, n, tc.want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, want := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', action, subject, detail), '; ' ORDER BY id) FROM audit_log`), `job retried job:01900000-0000-7000-8000-000000000001 {"by": "handbook retry", "jobs": 1}; jobs retried jobs:count {"by": "handbook retry", "jobs": 2}; jobs retried jobs:all {"by": "handbook retry", "jobs": 1}`; got != want {
		t.Errorf("the record has %s", got)
	}
}
