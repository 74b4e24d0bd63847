package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// What becomes of an event.
const (
	Stored   = "stored"
	Known    = "known"    // it was stored before
	Conflict = "conflict" // another event was stored under its id, and stays
	Invalid  = "invalid"  // it is no event, or cannot be stored
)

// Batch is what one device sent at once.
type Batch struct {
	User     uuid.UUID
	Device   string
	Received time.Time
	Events   []json.RawMessage
}

// Result is what became of one event.
type Result struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Error  string `json:"error,omitempty"`
}

// item is an event of a batch on its way.
type item struct {
	Event
	body   string
	result *Result
}

// Record stores each event of a batch once and folds what is new, in one
// transaction. It returns a result for each event, in order, and the modules
// in which progress may have changed.
//
// An event that PostgreSQL will not have fails its statement. The batch is
// then halved until that event stands alone, and its neighbours are stored.
func Record(ctx context.Context, pool *db.Pool, b Batch) ([]Result, []string, error) {
	results := make([]Result, len(b.Events))
	items := make([]*item, 0, len(b.Events))
	for n, raw := range b.Events {
		e, id, err := parse(raw)
		if err != nil {
			results[n] = Result{id, Invalid, err.Error()}
			continue
		}
		results[n].ID = id
		items = append(items, &item{e, string(raw), &results[n]})
	}
	// Rows are locked in one order everywhere, so that two devices never wait
	// for each other.
	slices.SortStableFunc(items, func(a, b *item) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	modules, err := b.record(ctx, pool, items)
	slices.Sort(modules)
	return results, slices.Compact(modules), err
}

func (b Batch) record(ctx context.Context, pool *db.Pool, items []*item) (modules []string, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	err = db.Tx(ctx, pool, func(tx pgx.Tx) (err error) {
		modules, err = b.write(ctx, tx, items)
		return err
	})
	if !unstorable(err) {
		return modules, err
	}
	if len(items) == 1 {
		items[0].result.Result, items[0].result.Error = Invalid, "this event holds what cannot be stored"
		return nil, nil
	}
	half := len(items) / 2
	first, err1 := b.record(ctx, pool, items[:half])
	second, err2 := b.record(ctx, pool, items[half:])
	return append(first, second...), errors.Join(err1, err2)
}

// unstorable reports whether err is about the values of a statement: a NUL in
// a text, a number out of range.
func unstorable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "54"))
}

// write stores items, sorted by id, and folds those that are new.
func (b Batch) write(ctx context.Context, tx pgx.Tx, items []*item) ([]string, error) {
	created, fresh, err := b.insert(ctx, tx, items)
	if err != nil {
		return nil, fmt.Errorf("store %d events of %s: %w", len(items), b.User, err)
	}
	var again []*item
	lessons := map[string][]Event{}
	for _, i := range items {
		if !fresh[i.ID] {
			again = append(again, i)
			continue
		}
		delete(fresh, i.ID) // a second one of this id in the batch is not new
		i.result.Result, i.result.Error = Stored, ""
		lessons[i.Lesson] = append(lessons[i.Lesson], i.Clamped(created, b.Received))
	}
	if err := b.compare(ctx, tx, again); err != nil {
		return nil, fmt.Errorf("compare %d events of %s: %w", len(again), b.User, err)
	}
	for _, i := range again {
		if i.result.Result == "" { // neither new nor known
			i.result.Result, i.result.Error = Invalid, "this lesson was read at more separate times than are kept"
		}
	}
	states := map[string]State{}
	for lesson, events := range lessons {
		states[lesson] = Fold(State{}, events...)
	}
	known, err := join(ctx, tx, b.User, states)
	if err != nil {
		return nil, err
	}
	for _, at := range known {
		if at.left { // what a device learned under the old id counts for the new one too
			_, err := queue.Add(ctx, tx, job.SyncProgress{User: b.User})
			return placed(items, known), err
		}
	}
	return placed(items, known), nil
}

// insert returns which ids are new. Reading of a lesson that has been read at
// too many separate times already is left out.
func (b Batch) insert(ctx context.Context, tx pgx.Tx, items []*item) (created time.Time, fresh map[uuid.UUID]bool, err error) {
	c := columns(items)
	rows, err := tx.Query(ctx, `
		WITH full_up AS (
			SELECT lesson_id
			FROM progress
			WHERE user_id = $1 AND lesson_id = ANY($5) AND (SELECT count(*) FROM unnest(active)) >= $10
		), fresh AS (
			INSERT INTO study_events (user_id, id, device, lesson_id, kind, at, active_ms, received_at, body)
			SELECT $1, e.id, $2, e.lesson, e.kind, e.at, e.active, $3, e.body::jsonb
			FROM unnest($4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::int[], $9::text[])
				WITH ORDINALITY AS e(id, lesson, kind, at, active, body, n)
			WHERE e.kind <> 'read' OR e.lesson NOT IN (SELECT lesson_id FROM full_up)
			ORDER BY e.id, e.n
			ON CONFLICT (user_id, id) DO NOTHING
			RETURNING id
		)
		SELECT fresh.id, u.created_at
		FROM fresh, users u
		WHERE u.id = $1`, b.User, b.Device, b.Received, c.ids, c.lessons, c.kinds, c.ats, c.active, c.bodies, maxIntervals)
	if err != nil {
		return created, nil, err
	}
	fresh = make(map[uuid.UUID]bool, len(items))
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id, &created}, func() error {
		fresh[id] = true
		return nil
	})
	return created, fresh, err
}

// compare tells events that were sent again from others under their ids.
func (b Batch) compare(ctx context.Context, tx pgx.Tx, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	c := columns(items)
	rows, err := tx.Query(ctx, `
		SELECT e.n, s.body = e.body::jsonb
		FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS e(id, body, n)
		JOIN study_events s ON s.user_id = $1 AND s.id = e.id`, b.User, c.ids, c.bodies)
	if err != nil {
		return err
	}
	var n int
	var same bool
	_, err = pgx.ForEachRow(rows, []any{&n, &same}, func() error {
		r := items[n-1].result
		if r.Result, r.Error = Known, ""; !same {
			r.Result, r.Error = Conflict, "another event has this id"
		}
		return nil
	})
	return err
}

// placed returns the modules that changed, and tells of events whose lesson
// is not known: they are kept, and count once the lesson is published and the
// reader's progress is folded again.
func placed(items []*item, known map[string]place) (modules []string) {
	for _, i := range items {
		at, ok := known[i.Lesson]
		switch {
		case i.result.Result != Stored || !counts(i.Kind):
		case ok:
			modules = append(modules, at.module)
		default:
			i.result.Error = "unknown lesson; the event is kept"
		}
	}
	return modules
}
