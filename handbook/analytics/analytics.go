// Package analytics keeps what browsers tell of pages that were seen: into
// memory first, and from there many at once into PostgreSQL, so that lessons
// are read as fast as without. An event names a person by the user's id at
// most, and Forget takes that away. A job counts the events of each day.
//
// What is told here decides nothing. While PostgreSQL does not take it, some of
// it is kept and the rest is dropped, which metrics tell. An event may be
// counted twice when the answer to a commit is lost.
package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Kind says what happened.
type Kind string

// The way from a preview to a purchase, and that of a lesson.
const (
	CatalogViewed    Kind = "catalog-viewed"
	ModuleViewed     Kind = "module-viewed"
	PreviewRead      Kind = "preview-read" // a free lesson, by somebody who does not have the module
	CheckoutStarted  Kind = "checkout-started"
	PurchaseReturned Kind = "purchase-returned" // from Stripe's page to the order
	LessonRead       Kind = "lesson-read"
	LessonFinished   Kind = "lesson-finished"
	SearchUsed       Kind = "search-used"
)

// Event is something that a browser told of.
type Event struct {
	At      time.Time
	Kind    Kind
	Module  string // its key, "" for none
	Lesson  string // its id, "" for none
	Version string // of the module, "" for none
	User    uuid.UUID
}

// A thousand events would keep PostgreSQL busy for some milliseconds, which
// readers would wait for. They are written in portions, and readers come between.
const (
	portion = 200
	breath  = 5 * time.Millisecond
)

// store writes events, without the ids of users that there are no more. It
// waits for the deletion of an account that is under way, and one that begins
// waits for it: so nobody is written who is deleted.
func store(ctx context.Context, p *db.Pool, events []Event) error {
	return db.Tx(ctx, p, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE ONLY analytics_events IN ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("lock analytics: %w", err)
		}
		for done := 0; done < len(events); done += portion {
			if done > 0 {
				time.Sleep(breath)
			}
			if err := copyIn(ctx, tx, events[done:min(done+portion, len(events))]); err != nil {
				return err
			}
		}
		return nil
	})
}

// copyIn writes a portion of events.
func copyIn(ctx context.Context, tx pgx.Tx, events []Event) error {
	known, err := living(ctx, tx, events)
	if err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"analytics_events"}, []string{"at", "kind", "module_id", "lesson_id", "version", "user_id"},
		pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
			e := events[i]
			return []any{e.At, string(e.Kind), e.Module, e.Lesson, e.Version, known[e.User]}, nil
		}))
	if err != nil {
		return fmt.Errorf("store %d analytics events: %w", len(events), err)
	}
	return nil
}

// living returns those of the users of events that there are.
func living(ctx context.Context, q db.Querier, events []Event) (map[uuid.UUID]*uuid.UUID, error) {
	named := map[uuid.UUID]*uuid.UUID{}
	var ids []uuid.UUID
	for _, e := range events {
		if _, ok := named[e.User]; !ok && e.User != uuid.Nil {
			named[e.User] = nil
			ids = append(ids, e.User)
		}
	}
	if len(ids) == 0 {
		return named, nil
	}
	rows, err := q.Query(ctx, `SELECT id FROM users WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("users of analytics events: %w", err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("users of analytics events: %w", err)
	}
	for _, id := range there {
		named[id] = &id
	}
	return named, nil
}

// Forget takes a user who is being deleted in tx out of all events, those too
// that are just being written. Until tx ends none are.
func Forget(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	if _, err := tx.Exec(ctx, `LOCK TABLE ONLY analytics_events IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("lock analytics: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE analytics_events SET user_id = NULL WHERE user_id = $1`, user); err != nil {
		return fmt.Errorf("forget %s in analytics: %w", user, err)
	}
	return nil
}
