package metrics

import (
	"context"
	"errors"
	"sync"

	"pilothandbook/handbook/attention"
	"pilothandbook/platform/db"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/queue"
)

// look asks PostgreSQL and Redis at once. What one of them does not answer in
// time is left out.
func (e endpoint) look(ctx context.Context) *monitor.Snapshot {
	var s monitor.Snapshot
	var redis error
	var asking sync.WaitGroup
	if e.redis != nil {
		asking.Go(func() { redis = e.redis.Ping(ctx).Err() })
	}
	err := errors.Join(e.items(ctx, &s), e.jobs(ctx, &s))
	up(&s, "database", !db.Gone(err) && ctx.Err() == nil)
	asking.Wait()
	if err != nil {
		e.log.WarnContext(ctx, "metrics", "err", err)
	}
	if e.redis != nil {
		up(&s, "redis", redis == nil)
	}
	return &s
}

func up(s *monitor.Snapshot, service string, answers bool) {
	value := 0.0
	if answers {
		value = 1
	}
	s.Set("handbook_up", "1 if the service answers this process, else 0.", value, "service", service)
}

// items tells what an operator must act on.
func (e endpoint) items(ctx context.Context, s *monitor.Snapshot) error {
	items, err := attention.List(ctx, e.db)
	for _, i := range items {
		name := "handbook_" + i.Name
		switch {
		case i.Name == attention.DeadJobs && i.Kind != "":
			s.Set(name, help(i), float64(i.Count), "kind", i.Kind)
		case i.Name == attention.DeadJobs:
		case i.Name == attention.OverdueJobs:
			s.Set(name, help(i), float64(i.Count))
			s.Set("handbook_outbox_oldest_seconds", "For how long the first of the jobs that could run has waited.", i.Oldest.Seconds())
		default:
			s.Set(name, help(i), float64(i.Count))
			s.Set(name+"_oldest_seconds", "For how long the first of them has waited.", i.Oldest.Seconds())
		}
	}
	return err
}

func help(i attention.Item) string { return "How many " + i.Says + "." }

// jobs tells how long the queues are.
func (e endpoint) jobs(ctx context.Context, s *monitor.Snapshot) error {
	counts, err := queue.Unfinished(ctx, e.db)
	for _, c := range counts {
		labels := []string{"queue", c.Queue, "state", string(c.State)}
		s.Set("handbook_jobs", "Jobs that are not done.", float64(c.Jobs), labels...)
		s.Set("handbook_jobs_oldest_seconds", "Since when the oldest of them exists.", c.Oldest.Seconds(), labels...)
	}
	return err
}
