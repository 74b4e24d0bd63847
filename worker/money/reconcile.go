package money

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
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
	stretch    = 3 * 24 * time.Hour  // whose events are listed and taken in before those after it
	spare      = 2 * time.Minute     // what of a job's time is left when it stops asking
)

// Findings is what a reconciliation found.
type Findings struct {
	Since    time.Time // events from then on were compared
	Before   time.Time // and those before this one were, by an earlier reconciliation
	Gap      bool      // Stripe has forgotten events that were never compared
	Events   int       // that Stripe lists
	Missed   int       // of which the inbox had not, or could not read until now
	Sessions int       // that were read, as their checkouts or payments are open
	Left     int       // events or sessions for which the time was up: the next time goes on with them
	Disputes int       // that were read, as events are lost
	Settled  int       // of which Stripe knew more
	Waiting  int       // events, sessions and disputes that do not agree with what was sold, or are not understood

	after *uuid.UUID // the checkout of the last session that was read, where some are left
	began *time.Time // when the reading began that closes the gap; nil without one
	say   func(format string, args ...any)
}

// Reconciled does the job that runs every few minutes, and counts what it found:
// a webhook that works leaves next to nothing.
func (j Jobs) Reconciled(ctx context.Context, _ job.Reconcile) error {
	f, err := j.Reconcile(ctx, func(format string, args ...any) { _ = queue.Say(ctx, format, args...) })
	j.monitor.Missed(f.Missed + f.Settled)
	return err
}

// Reconcile feeds what Stripe lists, since the last time, to the same inbox as
// the webhook does, and then reads the sessions of checkouts and payments that
// are open. A second one finds nothing new and writes nothing. What Stripe does
// not tell of one of them is said and waits; the others follow. Where Stripe has
// forgotten events that nobody has seen, it reads every paid session and
// every dispute too, and says so. When the time of ctx is nearly up it stops,
// and the next one goes on from there.
func (j Jobs) Reconcile(ctx context.Context, say func(format string, args ...any)) (Findings, error) {
	start := j.now()
	f, err := j.begin(ctx, start)
	if err != nil {
		return f, err
	}
	f.say = say
	if f.Gap {
		say("events from before %s were never compared, and Stripe lists them no more: reading every session and dispute instead", f.Since.UTC().Format(time.DateOnly))
	}
	if err := j.events(ctx, start, &f); err != nil {
		return f, err
	}
	if f.Left > 0 { // what was taken in is known next time
		say("the time is up: %d events are left for the next time", f.Left)
		return f, nil
	}
	if err := j.sessions(ctx, &f); err != nil {
		return f, err
	}
	switch {
	case f.Left > 0:
		say("the time is up: %d sessions are left for the next time", f.Left)
		if f.Gap {
			start = f.Before // it is not closed yet
		}
	case f.Gap:
		if err := j.disputes(ctx, &f); err != nil {
			return f, err
		}
		f.began = nil // it is closed
	}
	return f, j.compared(ctx, f, start)
}

// late reports whether the time of ctx is nearly up, by our clock.
func (j Jobs) late(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && j.now().After(end.Add(-spare))
}

// events takes in what the inbox has not, a stretch of time after the other, so
// that whoever is stopped has come some way.
func (j Jobs) events(ctx context.Context, start time.Time, f *Findings) error {
	for from := f.Since; ; from = from.Add(stretch) {
		till := from.Add(stretch)
		if till.After(start) {
			till = time.Time{} // and what comes meanwhile
		}
		if err := j.eventsOf(ctx, from, till, f); err != nil || till.IsZero() || f.Left > 0 {
			return err
		}
		if f.Gap {
			continue // until it is closed, nothing is
		}
		if err := j.compared(ctx, *f, till); err != nil {
			return err
		}
	}
}

func (j Jobs) eventsOf(ctx context.Context, from, till time.Time, f *Findings) error {
	events, err := j.listed(ctx, from, till)
	if err != nil {
		return err
	}
	f.Events += len(events)
	unread, err := j.known(ctx, events)
	if err != nil {
		return err
	}
	for i := len(events) - 1; i >= 0; i-- { // the oldest first
		waits, known := unread[events[i].ID]
		if known && !waits {
			continue
		}
		out, err := j.take(ctx, events[i])
		if err != nil {
			return err
		}
		if !known || out.State != purchase.Quarantined {
			f.Missed++
		}
		f.count("event "+events[i].ID, out)
		if i > 0 && j.late(ctx) {
			f.Left = i
			return nil
		}
	}
	return nil
}

// begin returns from when on events are to be compared, and where the last time
// stopped. In a gap that counts only if all sessions were being read, and if
// Stripe still lists what has happened since their reading began.
func (j Jobs) begin(ctx context.Context, start time.Time) (Findings, error) {
	oldest := start.Add(-remembered)
	f := Findings{Since: oldest}
	err := j.db.QueryRow(ctx, `SELECT created, sessions_after, gap_began FROM reconciled`).Scan(&f.Before, &f.after, &f.began)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return f, fmt.Errorf("where to reconcile from: %w", err)
	case f.Before.Before(oldest):
		f.Gap = true
		if f.began == nil || f.began.Before(oldest) {
			f.after, f.began = nil, &start
		}
	default:
		f.Since, f.began = f.Before.Add(-overlap), nil
	}
	return f, nil
}

// listed returns the events that Stripe lists of some time, the newest first;
// till is zero where it has no end.
func (j Jobs) listed(ctx context.Context, from, till time.Time) ([]*stripe.Event, error) {
	created := &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix()}
	if !till.IsZero() {
		created.LesserThan = till.Unix()
	}
	p := &stripe.EventListParams{
		CreatedRange: created,
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
		return nil, fmt.Errorf("events since %s: %w", from, err)
	}
	return events, nil
}

// known returns which of the events the inbox has, and of each whether it waits
// there unread, as it was told in another version.
func (j Jobs) known(ctx context.Context, events []*stripe.Event) (map[string]bool, error) {
	ids := make([]string, len(events))
	for i, ev := range events {
		ids[i] = ev.ID
	}
	rows, err := j.db.Query(ctx, `
		SELECT id, state = 'quarantined' AND api_version <> $2
		FROM stripe_events
		WHERE id = ANY($1)`, ids, stripe.APIVersion)
	if err != nil {
		return nil, fmt.Errorf("known events: %w", err)
	}
	unread := map[string]bool{}
	var id string
	var waits bool
	if _, err := pgx.ForEachRow(rows, []any{&id, &waits}, func() error {
		unread[id] = waits
		return nil
	}); err != nil {
		return nil, fmt.Errorf("known events: %w", err)
	}
	return unread, nil
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
	return j.inbox.TakeFound(ctx, ev)
}

// compared notes how far events were compared, now and then, and which sessions
// are left.
func (j Jobs) compared(ctx context.Context, f Findings, to time.Time) error {
	_, err := j.db.Exec(ctx, `
		INSERT INTO reconciled AS r (created, sessions_after, gap_began)
		VALUES ($1, $2, $3)
		ON CONFLICT (single) DO UPDATE
		SET created = greatest(r.created, excluded.created), sessions_after = excluded.sessions_after, gap_began = excluded.gap_began
		WHERE r.created <= excluded.created - $4::interval
		   OR (r.sessions_after, r.gap_began) IS DISTINCT FROM (excluded.sessions_after, excluded.gap_began)`, to, f.after, f.began, noted)
	if err != nil {
		return fmt.Errorf("note how far events were compared: %w", err)
	}
	return nil
}

func (f *Findings) count(what string, out purchase.Outcome) {
	if out.State == purchase.Quarantined {
		f.wait(what, out.Reason)
	}
}

// wait counts what an operator must look at, and says why.
func (f *Findings) wait(what string, why any) {
	f.Waiting++
	f.say("%s waits for an operator: %v", what, why)
}
