//go:build unix

package queue_test

import (
	"context"
	"flag"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// asynq calls a job off when Redis has been away for half a minute, which is
// too long for every run: -frozen=45s reaches it. The chaos test freezes Redis
// for as long in its runs of ten minutes.
var frozen = flag.Duration("frozen", 3*time.Second, "for how long TestFrozenRedis freezes Redis")

// A job that runs goes on, and counts, while Redis does not answer: for a
// moment, or with -frozen for longer than asynq holds on to it.
func TestFrozenRedis(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	redis := platformtest.StartRedis(t)
	cfg.RedisURL = config.Secret("redis://" + redis.Address)
	p := platformtest.Open(t, cfg)
	var runs atomic.Int32
	started, thawed := make(chan struct{}), make(chan struct{})
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(ctx context.Context, _ long) error {
		if runs.Add(1) == 1 {
			close(started)
		}
		select {
		case <-thawed:
		case <-ctx.Done():
		}
		return ctx.Err()
	})
	id := add(t, p, long{})
	run(t, options(p), mux)
	<-started
	if err := redis.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(*frozen)
	if err := redis.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(*frozen / 2) // after half a minute, asynq finds that it has lost the task
	close(thawed)
	if s := wait(t, p, id, queue.Done, queue.Dead); s.State != queue.Done || runs.Load() != 1 {
		t.Errorf("%d runs, %+v; want one that is done", runs.Load(), s)
	}
}

// A worker that is told to stop while Redis does not answer gives back what it
// is at, and ends in time.
func TestStopWithFrozenRedis(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	redis := platformtest.StartRedis(t)
	cfg.RedisURL = config.Secret("redis://" + redis.Address)
	p := platformtest.Open(t, cfg)
	started := make(chan struct{})
	mux := queue.NewMux(lane)
	queue.Handle(mux, func(ctx context.Context, _ long) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	id := add(t, p, long{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- queue.NewWorker(options(p), mux).Run(ctx) }()
	<-started
	if err := redis.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(25 * time.Second):
		t.Error("it goes on after 25 s")
	}
	if got := ask[string](t, p, `SELECT concat_ws(' ', state, attempt, losses, failures) FROM outbox WHERE id = $1`, id); got != "waiting 2 0 0" {
		t.Errorf("its job is %s, want it given back", got)
	}
}
