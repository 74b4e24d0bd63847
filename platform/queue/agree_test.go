package queue_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
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
	if found, err := queue.Differences(t.Context(), p.DB, p.Redis); err != nil || len(found) != 3 || !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, "its ticket was given up") }) {
		t.Errorf("after one was given up: %q, %v", found, err)
	}
	_, err = in.DeleteAllPendingTasks("agreed")
	platformtest.Exec(t, p, `DELETE FROM outbox WHERE id = $1`, lost)
	if found, _ := queue.Differences(t.Context(), p.DB, p.Redis); err != nil || len(found) != 1 {
		t.Errorf("at the end: %q, %v", found, err)
	}
}

// mark has Redis be one that has lost nothing.
func mark(t *testing.T, p *platform.Platform) {
	t.Helper()
	if err := p.Redis.Set(t.Context(), "outbox:marker", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
}

// What asynq has given up while PostgreSQL was away is no difference for long:
// the sweep deletes tickets that nobody waits for, and takes up again the one
// whose job still waits for it.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.RedisURL = config.Secret("redis://" + platformtest.StartRedis(t).Address)
	p := platformtest.Open(t, cfg)
	mark(t, p)
	over, gone, again, awaited := add(t, p, count{"a"}), uuid.New(), add(t, p, count{"b"}), add(t, p, count{"c"})
	for state, id := range map[string]uuid.UUID{"done": over, "dead": again, "queued": awaited} {
		platformtest.Exec(t, p, `UPDATE outbox SET state = $2, finished_at = CASE WHEN $2 <> 'queued' THEN now() END, lease_until = now() WHERE id = $1`, id, state)
	}
	client, in := asynq.NewClientFromRedisClient(p.Redis), asynq.NewInspectorFromRedisClient(p.Redis)
	for _, id := range []uuid.UUID{over, gone, again, awaited} {
		ticket := id.String() + ":1"
		if _, err := client.Enqueue(asynq.NewTask("count", nil), asynq.TaskID(ticket), asynq.Queue(lane.Name)); err != nil {
			t.Fatal(err)
		}
		if err := in.ArchiveTask(lane.Name, ticket); err != nil {
			t.Fatal(err)
		}
	}
	found, err := queue.Differences(t.Context(), p.DB, p.Redis)
	if err != nil || len(found) != 1 || !strings.Contains(found[0], awaited.String()) {
		t.Errorf("before the sweep: %q, %v; want the one that is waited for", found, err)
	}
	work(t, p, func(context.Context, count) error { return nil })
	wait(t, p, awaited, queue.Done)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left, err := in.ListArchivedTasks(lane.Name)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("asynq still has %d tickets that nobody waits for", len(left))
		}
	}
	if found, err := queue.Differences(t.Context(), p.DB, p.Redis); err != nil || len(found) > 0 {
		t.Errorf("after the sweep: %q, %v", found, err)
	}
}

// A row that is queued for long keeps its ticket as long as that waits, and gets
// another one when nobody brings it any more.
func TestLateTickets(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	mark(t, p)
	const parked = "parked" // a queue in which nothing moves
	kept, lost, taken := uuid.New(), uuid.New(), uuid.New()
	client, in := asynq.NewClientFromRedisClient(p.Redis), asynq.NewInspectorFromRedisClient(p.Redis)
	for _, id := range []uuid.UUID{kept, taken} {
		if _, err := client.Enqueue(asynq.NewTask("odd", nil), asynq.TaskID(id.String()+":1"), asynq.Queue(parked)); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.ArchiveTask(parked, taken.String()+":1"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{kept, lost, taken} {
		platformtest.Exec(t, p, `
			INSERT INTO outbox (id, kind, queue, payload, state, attempt, lease_until)
			VALUES ($1, 'odd', $2, '{}', 'queued', 1, now() - interval '1 second')`, id, parked)
	}
	work(t, p, func(context.Context, count) error { return nil })
	wait(t, p, lost, queue.Waiting)
	wait(t, p, taken, queue.Waiting)
	if got := ask[string](t, p, `SELECT concat_ws(' ', state, attempt, lease_until > now()) FROM outbox WHERE id = $1`, kept); got != "queued 1 t" {
		t.Errorf("the one whose ticket waits: %s", got)
	}
}
