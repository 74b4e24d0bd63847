package dashboard

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/attention"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// jobs are those that are not done.
type jobs struct {
	All    line
	Queues []line
	Chart  chart // of the queues
}

// line is a queue, or all of them.
type line struct {
	Queue                          string
	Waiting, Late, Running, Failed number
	Oldest                         string // for how long the first that may still run has been there; "" if none may
	First                          string // the address of that one
}

// task is what somebody must do.
type task struct{ What, Cause, Do string }

// askJobs asks for what is not done, and for what somebody must do.
func (v *view) askJobs(ctx context.Context, q db.Querier) error {
	tallies, err := queue.Tallies(ctx, q)
	if err != nil {
		return err
	}
	v.Jobs.All = lineOf("", tallies)
	for _, t := range tallies { // sorted by queue
		if n := len(v.Jobs.Queues); n == 0 || v.Jobs.Queues[n-1].Queue != t.Queue {
			v.Jobs.Queues = append(v.Jobs.Queues, lineOf(t.Queue, tallies))
		}
	}
	v.Jobs.Chart = lie(v.Jobs.Queues)
	items, err := attention.List(ctx, q)
	if err != nil {
		return fmt.Errorf("what to act on: %w", err)
	}
	for _, i := range items {
		if i.Act {
			what := strings.ToUpper(i.Says[:1]) + i.Says[1:]
			if i.Kind != "" {
				what = i.Kind + ": " + i.Says
			}
			v.Tasks = append(v.Tasks, task{what, i.Cause, i.Do})
		}
	}
	return nil
}

// lineOf adds up the jobs of a queue, or of all for "".
func lineOf(name string, tallies []queue.Tally) line {
	var sum queue.Tally
	for _, t := range tallies {
		if name != "" && t.Queue != name {
			continue
		}
		sum.Waiting, sum.Late, sum.Running, sum.Failed = sum.Waiting+t.Waiting, sum.Late+t.Late, sum.Running+t.Running, sum.Failed+t.Failed
		if t.First != uuid.Nil && (sum.First == uuid.Nil || t.Age > sum.Age) {
			sum.First, sum.Age = t.First, t.Age
		}
	}
	l := line{
		Queue:   name,
		Waiting: count(sum.Waiting, jobsAt(name, queue.Pending)),
		Late:    count(sum.Late, jobsAt(name, queue.Late)),
		Running: count(sum.Running, jobsAt(name, queue.Active)),
		Failed:  count(sum.Failed, jobsAt(name, queue.Failed)),
	}
	if sum.First != uuid.Nil {
		l.Oldest, l.First = span(sum.Age), "/admin/jobs?job="+sum.First.String()
	}
	return l
}

// jobsAt is the address of the jobs of a queue in a state.
func jobsAt(name, state string) string {
	q := url.Values{"state": {state}}
	if name != "" {
		q.Set("queue", name)
	}
	return "/admin/jobs?" + q.Encode()
}

// span tells a duration in words.
func span(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(d / u.size); {
		case n == 1:
			return "1 " + u.name
		case n > 1:
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return "less than a minute"
}
