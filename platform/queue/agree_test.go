package queue_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// TestDifferences has a job whose ticket is there, one whose ticket is lost, one
// that waits, and a ticket without a job.
func TestDifferences(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	kept, lost, gone := uuid.New(), uuid.New(), uuid.New()
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, attempt)
		VALUES ($1, 'odd', 'agreed', '{}', 'queued', 2), ($2, 'odd', 'agreed', '{}', 'queued', 1), (gen_random_uuid(), 'odd', 'agreed', '{}', 'waiting', 1)`, kept, lost)
	client := asynq.NewClientFromRedisClient(p.Redis)
	for _, id := range []string{kept.String() + ":1", kept.String() + ":2", gone.String() + ":1"} {
		if _, err := client.Enqueue(asynq.NewTask("odd", nil), asynq.TaskID(id), asynq.Queue("agreed")); err != nil {
			t.Fatal(err)
		}
	}
	found, err := queue.Differences(t.Context(), p.DB, p.Redis)
	if err != nil || len(found) != 2 || !strings.Contains(found[0], gone.String()) || !strings.Contains(found[1], lost.String()) {
		t.Errorf("found %q, %v", found, err)
	}
	in := asynq.NewInspectorFromRedisClient(p.Redis)
	if err := in.ArchiveTask("agreed", kept.String()+":2"); err != nil {
		t.Fatal(err)
	}
	if found, err := queue.Differences(t.Context(), p.DB, p.Redis); err != nil || len(found) != 3 || !strings.Contains(found[0], "was given up") {
		t.Errorf("after one was given up: %q, %v", found, err)
	}
	_, err = in.DeleteAllPendingTasks("agreed")
	platformtest.Exec(t, p, `DELETE FROM outbox WHERE id = $1`, lost)
	if found, _ := queue.Differences(t.Context(), p.DB, p.Redis); err != nil || len(found) != 1 {
		t.Errorf("at the end: %q, %v", found, err)
	}
}
