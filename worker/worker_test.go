package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/health"
	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/worker"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// add writes jobs into the outbox, in one transaction.
func add(t *testing.T, p *platform.Platform, jobs ...queue.Args) (ids []uuid.UUID) {
	t.Helper()
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		for _, a := range jobs {
			id, err := queue.Add(t.Context(), tx, a)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// eventually waits until ask says yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(50 * time.Second); !ask(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func ended(t *testing.T, p *platform.Platform, id uuid.UUID) queue.Status {
	t.Helper()
	var s queue.Status
	eventually(t, "the job has ended", func() bool {
		var err error
		if s, err = queue.Look(t.Context(), p.DB, id); err != nil {
			t.Fatal(err)
		}
		return s.State == queue.Done || s.State == queue.Dead
	})
	return s
}

// A worker process is ready once its queue moves, and no longer than that.
func TestReady(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	redis := platformtest.StartRedis(t)
	cfg.RedisURL = config.Secret("redis://" + redis.Address)
	p := platformtest.Open(t, cfg)
	ready := func() int {
		return platformtest.Call(t, p, health.Routes(p), nil, "GET", "/api/health/ready", nil).Status
	}
	if got := ready(); got != 200 {
		t.Errorf("without a worker: %d", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx, p, bundle.Compiler{}) }()
	eventually(t, "the worker has begun", func() bool { return platformtest.Text(t, p, `SELECT count(*)::text FROM schedule`) != "0" })
	eventually(t, "it is ready", func() bool { return ready() == 200 })
	redis.End()
	eventually(t, "it is not ready without Redis", func() bool { return ready() == 503 })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// unknown is a job of another program.
type unknown struct{ lane queue.Queue }

func (u unknown) Job() queue.Spec { return queue.Spec{Kind: "fly", Queue: u.lane} }

// Jobs that nobody knows are kept, and say so in the words of their queue.
func TestUnknownKinds(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx, p, bundle.Compiler{}) }()
	ids := add(t, p, unknown{job.Content}, unknown{job.Email}, unknown{job.Analytics})
	// Nobody knew them for longer than a deploy may take.
	if _, err := p.DB.Exec(ctx, `UPDATE outbox SET run_at = now() - interval '25 hours' WHERE id = ANY($1)`, ids); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"Unknown job type: fly", "Unknown email type: fly", "Unknown analytics job type: fly"} {
		if s := ended(t, p, ids[i]); s.State != queue.Dead || s.Error != want {
			t.Errorf("got %+v, want dead of %q", s, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A Redis that throws jobs away is refused at the start.
func TestUnfitRedis(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.RedisURL = config.Secret("redis://" + platformtest.StartRedis(t, "--maxmemory-policy", "allkeys-lru").Address)
	if err := worker.Run(t.Context(), platformtest.Open(t, cfg), bundle.Compiler{}); err == nil {
		t.Error("the worker runs")
	}
}
