package money

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform/queue"
)

const (
	remembered = 30 * 24 * time.Hour // how long Stripe lists an event
	overlap    = time.Hour           // as events may be listed late
	noted      = time.Hour           // how often is noted how far it has come
)

// Findings is what a reconciliation found.
type Findings struct {
	Since    time.Time // events from then on were compared
	Before   time.Time // and those before this one were, by an earlier reconciliation
	Gap      bool      // Stripe has forgotten events that were never compared
	Events   int       // that Stripe lists
	Missed   int       // of which the inbox had not
	Sessions int       // that were read, as their checkouts or payments are open
	Disputes int       // that were read, as events are lost
	Settled  int       // of which Stripe knew more
	Waiting  int       // events and sessions that do not agree with what was sold
}

// Reconciled does the job that runs every few minutes.
func (j Jobs) Reconciled(ctx context.Context, _ job.Reconcile) error {
	_, err := j.Reconcile(ctx, func(format string, args ...any) { _ = queue.Say(ctx, format, args...) })
	return err
}

// Reconcile feeds what Stripe lists, since the last time, to the same inbox as
// the webhook does, and then reads the sessions of checkouts and payments that
// are open. A second one finds nothing new and writes nothing. Where Stripe has
// forgotten events that nobody has seen, it reads every paid session and
// every dispute too, and says so.
func (j Jobs) Reconcile(ctx context.Context, say func(format string, args ...any)) (Findings, error) {
	start := j.now()
	f, err := j.begin(ctx, start)
	if err != nil {
		return f, err
	}
	if f.Gap {
		say("events from before %s were never compared, and Stripe lists them no more: reading every session and dispute instead", f.Since.UTC().Format(time.DateOnly))
	}
	events, err := j.listed(ctx, f.Since)
	if err != nil {
		return f, err
	}
	f.Events = len(events)
	known, err := j.known(ctx, events)
	if err != nil {
		return f, err
	}
	for i := len(events) - 1; i >= 0; i-- { // the oldest first
		if known[events[i].ID] {
			continue
		}
		out, err := j.take(ctx, events[i])
		if err != nil {
			return f, err
		}
		f.Missed++
		f.count(out)
	}
	if err := j.sessions(ctx, &f); err != nil {
		return f, err
	}
	if f.Gap {
		if err := j.disputes(ctx, &f); err != nil {
			return f, err
		}
	}
	return f, j.compared(ctx, start)
}

// begin returns from when on events are to be compared.
func (j Jobs) begin(ctx context.Context, start time.Time) (Findings, error) {
	oldest := start.Add(-remembered)
	f := Findings{Since: oldest}
	err := j.db.QueryRow(ctx, `SELECT created FROM reconciled`).Scan(&f.Before)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return f, fmt.Errorf("where to reconcile from: %w", err)
	case f.Before.Before(oldest):
		f.Gap = true
	default:
		f.Since = f.Before.Add(-overlap)
	}
	return f, nil
}

// listed returns the events that Stripe lists, the newest first.
func (j Jobs) listed(ctx context.Context, since time.Time) ([]*stripe.Event, error) {
	p := &stripe.EventListParams{
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		Types:        stripe.StringSlice(inbox.Types()),
	}
	p.Context = ctx
	p.Limit = stripe.Int64(100)
	var events []*stripe.Event
	list := j.stripe.Events.List(p)
	for list.Next() {
		events = append(events, list.Event())
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("events since %s: %w", since, err)
	}
	return events, nil
}

// known returns which of the events the inbox has.
func (j Jobs) known(ctx context.Context, events []*stripe.Event) (map[string]bool, error) {
	ids := make([]string, len(events))
	for i, ev := range events {
		ids[i] = ev.ID
	}
	rows, err := j.db.Query(ctx, `
		SELECT id
		FROM stripe_events
		WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("known events: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("known events: %w", err)
	}
	known := map[string]bool{}
	for _, id := range found {
		known[id] = true
	}
	return known, nil
}

func (j Jobs) take(ctx context.Context, listed *stripe.Event) (purchase.Outcome, error) {
	body, err := json.Marshal(listed)
	if err != nil {
		return purchase.Outcome{}, err
	}
	ev, err := inbox.Read(body)
	if err != nil {
		return purchase.Outcome{}, fmt.Errorf("event %s: %w", listed.ID, err)
	}
	return j.inbox.Take(ctx, ev)
}

// compared notes how far events were compared, now and then.
func (j Jobs) compared(ctx context.Context, start time.Time) error {
	_, err := j.db.Exec(ctx, `
		INSERT INTO reconciled (created)
		VALUES ($1)
		ON CONFLICT (single) DO UPDATE
		SET created = excluded.created
		WHERE reconciled.created <= excluded.created - $2::interval`, start, noted)
	if err != nil {
		return fmt.Errorf("note how far events were compared: %w", err)
	}
	return nil
}

func (f *Findings) count(out purchase.Outcome) {
	if out.State == purchase.Quarantined {
		f.Waiting++
	}
}
