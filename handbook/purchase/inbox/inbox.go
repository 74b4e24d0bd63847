// Package inbox takes in the events of Stripe, each once, however often and by
// whatever way it comes: the webhook brings it, the reconciler finds it, an
// operator has it judged again.
//
// One transaction writes the event and all that follows from it. What is not
// understood, or does not agree with what was sold, changes nothing: it is kept
// as quarantined, and Replay judges it again by the rules of a later program.
//
// Objects look otherwise in other versions of Stripe's API, so that an event
// which tells of one in another version than ours is quarantined unread. A copy
// of it in ours takes its place, be it sent by the webhook or made by reading
// the object again from Stripe, as Replay and TakeFound do.
package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/stripeapi"
)

// Inbox is a small value, made where it is needed.
type Inbox struct {
	db     *db.Pool
	gate   access.Gate
	config *config.Config
	stripe *stripeapi.API
	watch  *monitor.Monitor
	now    func() time.Time
}

// Of returns the inbox of a process.
func Of(p *platform.Platform) Inbox {
	return Inbox{db: p.DB, gate: access.NewGate(p), config: p.Config, stripe: p.Stripe, watch: p.Monitor, now: p.Now}
}

// Take writes an event and what follows from it. An event that came before
// changes nothing, and its outcome is what it would be if it were the first;
// but one that was quarantined for its version gives way to a copy in ours. All
// is read in one round trip and written in another, with the commit.
func (i Inbox) Take(ctx context.Context, ev Event) (purchase.Outcome, error) {
	v := i.judge(ev)
	out := purchase.Outcome{State: v.state, Reason: v.reason}
	var err error
	if v.state != purchase.Settled {
		err = i.keep(ctx, ev, v)
	} else {
		out, err = i.settle(ctx, ev, v)
	}
	if unfit(err) {
		return i.keepUnfit(ctx, ev, err)
	}
	if err != nil {
		return out, fmt.Errorf("event %s: %w", ev.ID, err)
	}
	i.settled(ctx, out)
	return out, nil
}

// settle writes an event from which something may follow. A copy that comes at
// the same time waits at its insertion for the other's commit.
func (i Inbox) settle(ctx context.Context, ev Event, v verdict) (purchase.Outcome, error) {
	out := purchase.Outcome{State: v.state}
	s := purchase.NewSettlement(v.report)
	first := false
	err := db.TxBatch(ctx, i.db, func(b *pgx.Batch) {
		b.Queue(store, row(ev, v)...).Exec(func(tag pgconn.CommandTag) error {
			first = tag.RowsAffected() == 1
			return nil
		})
		s.Look(b)
	}, func(tx pgx.Tx) error {
		if !first {
			if gives, err := givesWay(ctx, tx, ev.ID); err != nil || !gives {
				return err
			}
		}
		b, err := s.Write(ctx, tx)
		if err != nil {
			return err
		}
		switch {
		case !first: // last, as whoever deletes an account holds its events after its buyer
			b.Queue(replace, row(ev, verdict{state: s.State, reason: s.Reason})...)
		case s.State != purchase.Settled:
			b.Queue(mark, ev.ID, s.State, s.Reason)
		}
		if err := db.Last(ctx, tx, b); err != nil {
			return err
		}
		out = s.Outcome
		return nil
	})
	return out, err
}

// Settle takes in what was read from Stripe without an event.
func (i Inbox) Settle(ctx context.Context, r purchase.Report) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, i.db, func(tx pgx.Tx) error {
		out, err = purchase.Settle(ctx, tx, r.At(i.config.Host()))
		return err
	})
	if err == nil {
		i.settled(ctx, out)
	}
	return out, err
}

// settled measures how long a buyer has waited for access, by whatever way it
// came, and drops what is remembered of somebody whose grants may have changed.
func (i Inbox) settled(ctx context.Context, out purchase.Outcome) {
	if !out.Paid.IsZero() {
		i.watch.Opened(i.now().Sub(out.Paid))
	}
	switch {
	case out.User == uuid.Nil:
	case out.Opens:
		i.gate.Refresh(out.User)
	default:
		i.gate.Forget(ctx, out.User)
	}
}

// store writes an event into the inbox, unless it came before.
const store = `
	INSERT INTO stripe_events (id, type, api_version, livemode, created, state, reason, payload)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT DO NOTHING`

func row(ev Event, v verdict) []any {
	return []any{ev.ID, ev.Type, ev.APIVersion, ev.Live, ev.made(), v.state, v.reason, ev.body}
}

// replace puts an event in the place of a copy that was quarantined for its
// version.
const replace = `
	UPDATE stripe_events
	SET type = $2, api_version = $3, livemode = $4, created = $5, state = $6, reason = $7, payload = $8
	WHERE id = $1 AND state = 'quarantined' AND api_version <> $3`

// givesWay reports whether a copy in our version is to take an event's place.
func givesWay(ctx context.Context, q db.Querier, id string) (gives bool, err error) {
	err = q.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM stripe_events WHERE id = $1 AND state = 'quarantined' AND api_version <> $2)`, id, stripe.APIVersion).Scan(&gives)
	return gives, err
}

// keep writes an event from which nothing follows.
func (i Inbox) keep(ctx context.Context, ev Event, v verdict) error {
	tag, err := i.db.Exec(ctx, store, row(ev, v)...)
	if err == nil && tag.RowsAffected() == 0 && ev.APIVersion == stripe.APIVersion {
		_, err = i.db.Exec(ctx, replace, row(ev, v)...)
	}
	return err
}

// mark notes what became of an event after all.
const mark = `
	UPDATE stripe_events
	SET state = $2, reason = $3
	WHERE id = $1 AND (state, reason) IS DISTINCT FROM ($2, $3)`

// unfit reports whether PostgreSQL can never take what an event holds, such as
// a NUL in a text.
func unfit(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "22")
}

// wrapped is how an event is kept that cannot be stored as it is: as it was
// sent, in its object, where it goes with all else that tells of a person when
// their account is deleted.
type wrapped struct {
	Base64 []byte `json:"base64"` // where it stood formerly
	Data   struct {
		Object struct {
			Base64 []byte `json:"base64"`
		} `json:"object"`
	} `json:"data"`
}

// sent returns an event as it was sent.
func sent(payload []byte) []byte {
	var w wrapped
	if json.Unmarshal(payload, &w) != nil {
		return payload
	}
	for _, body := range [][]byte{w.Data.Object.Base64, w.Base64} {
		if body != nil {
			return body
		}
	}
	return payload
}

// wrap returns an event with itself as base64, and beside it what else its
// object has, as far as it can be stored: so it is found by its checkout and
// its payment like any other.
func wrap(ev Event) []byte {
	object := map[string]any{}
	_ = json.Unmarshal(ev.Data.Object, &object) // what cannot be read is in the base64
	if object == nil {
		object = map[string]any{}
	}
	object["base64"] = ev.body
	ev.Data.Object, _ = json.Marshal(object) // never fails
	body, _ := json.Marshal(ev)
	return bytes.ReplaceAll(body, []byte(`\u0000`), []byte(`\ufffd`))
}

// keepUnfit stores such an event for a person to look at.
func (i Inbox) keepUnfit(ctx context.Context, ev Event, cause error) (purchase.Outcome, error) {
	v := quarantined("it cannot be stored as it is: %v", cause)
	ev.body = wrap(ev)
	return purchase.Outcome{State: v.state, Reason: v.reason}, i.keep(ctx, ev, v)
}
