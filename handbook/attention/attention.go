// Package attention tells what an operator must act on, or should watch: what
// waits for a decision, what has failed for good, and what takes too long. It
// is asked often, by metrics and by pages, so that each question is answered
// from an index; "handbook fsck" looks at everything instead.
package attention

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// The names of the items.
const (
	QuarantinedEvents = "quarantined_events"
	DeadJobs          = "dead_jobs" // one item per kind
	PaidWithoutAccess = "paid_without_access"
	RefundsFailed     = "refunds_failed"
	Underpaid         = "bundles_underpaid"
	OverdueJobs       = "overdue_jobs"
	MailsPending      = "mails_pending"
	InboxBehind       = "inbox_behind"
	Unpacked          = "versions_unpacked"
)

// Item is one thing to look at. It is listed while there is none of it too.
type Item struct {
	Name   string
	Kind   string        // of the jobs that are dead; "" where none are
	Count  int           // of what waits
	Oldest time.Duration // for how long the first of them has waited
	Cause  string        // why the newest of them waits, where it is known
	Act    bool          // somebody must do something
	Says   string        // what it is
	Do     string        // what helps
}

// question is asked for one item. Its query answers with rows of kind, count,
// seconds since the oldest, and cause.
type question struct {
	name     string
	says, do string // %s is the kind
	patience time.Duration
	query    string
}

// List returns all items, in a fixed order.
func List(ctx context.Context, q db.Querier) ([]Item, error) {
	var items []Item
	for _, ask := range questions() {
		found, err := ask.answer(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ask.name, err)
		}
		items = append(items, found...)
	}
	return items, nil
}

func (a question) answer(ctx context.Context, q db.Querier) ([]Item, error) {
	rows, err := q.Query(ctx, a.query)
	if err != nil {
		return nil, err
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Item, error) {
		i := Item{Name: a.name, Says: a.says, Do: a.do}
		var seconds float64
		err := row.Scan(&i.Kind, &i.Count, &seconds, &i.Cause)
		i.Oldest = time.Duration(seconds * float64(time.Second))
		i.Act = i.Count > 0 && i.Oldest >= a.patience
		return i, err
	})
	if err == nil && len(items) == 0 {
		items = []Item{{Name: a.name, Says: a.says, Do: a.do}}
	}
	return items, err
}
