package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// A worker is ready when it would run a job, and says why it is not.
func TestReady(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	redis := platformtest.StartRedis(t)
	cfg.RedisURL = config.Secret("redis://" + redis.Address)
	p := platformtest.Open(t, cfg)
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(context.Context, count) error { return nil })
	w := queue.NewWorker(options(p), mux)
	says := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			got := w.Unready(ctx)
			cancel()
			if got == want || want != "" && strings.Contains(got, want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("it says %q, want %q", got, want)
			}
		}
	}
	says("stands still") // not begun
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	says("")

	policy := func(to string) {
		t.Helper()
		if err := p.Redis.ConfigSet(t.Context(), "maxmemory-policy", to).Err(); err != nil {
			t.Fatal(err)
		}
	}
	policy("allkeys-lru")
	says("noeviction")
	policy("noeviction")
	says("")

	// A job for which there is no room is late, until there is.
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, lease_until)
		SELECT gen_random_uuid(), 'count', 'lane', '{}', 'queued', now() + interval '1 hour'
		FROM generate_series(1, 8)`)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, run_at)
		VALUES (gen_random_uuid(), 'count', 'lane', '{}', now() - interval '2 minutes')`)
	says("waited for a minute")
	platformtest.Exec(t, p, `DELETE FROM outbox WHERE state = 'queued'`)
	says("")

	redis.End()
	says("does not answer")
}

// Jobs that nobody has any more are late where nobody takes them over.
func TestLeft(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(context.Context, count) error { return nil })
	w := queue.NewWorker(options(p), mux)
	for lease, want := range map[string]bool{"1 hour": false, "-50 seconds": false, "-61 seconds": true} {
		for _, state := range []queue.State{queue.Queued, queue.Running} {
			platformtest.Exec(t, p, `DELETE FROM outbox`)
			platformtest.Exec(t, p, `
				INSERT INTO outbox (id, kind, queue, payload, state, lease_until)
				VALUES (gen_random_uuid(), 'count', 'lane', '{}', $1, now() + $2::text::interval)`, state, lease)
			if got := w.Late(t.Context()); (got != "") != want {
				t.Errorf("%s with a lease of %s: %q", state, lease, got)
			}
		}
	}
}
