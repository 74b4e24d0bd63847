package progress

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// arrays are events as unnest takes them.
type arrays struct {
	ids                    []uuid.UUID
	lessons, kinds, bodies []string
	ats                    []time.Time
	active                 []int32
}

func columns(items []*item) arrays {
	n := len(items)
	c := arrays{make([]uuid.UUID, n), make([]string, n), make([]string, n), make([]string, n), make([]time.Time, n), make([]int32, n)}
	for n, i := range items {
		c.ids[n], c.lessons[n], c.kinds[n], c.bodies[n] = i.ID, i.Lesson, i.Kind, i.body
		c.ats[n], c.active[n] = i.At, int32(i.ActiveMS)
	}
	return c
}

// place is where a lesson that is known stands.
type place struct {
	module string
	left   bool // readers have it under another id now
}

// join merges states, by lesson, into a reader's progress. It returns the
// place of each lesson that is known; others have no progress.
func join(ctx context.Context, tx pgx.Tx, user uuid.UUID, states map[string]State) (map[string]place, error) {
	var lessons, active []string
	var ids []uuid.UUID
	var completed []*time.Time
	var access []time.Time
	for lesson, s := range states {
		if s.LastAccess.IsZero() {
			continue // nothing that counts
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		lessons, ids, access = append(lessons, lesson), append(ids, id), append(access, s.LastAccess)
		completed, active = append(completed, moment(s)), append(active, multirange(s.Active))
	}
	if len(lessons) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, joinSQL, user, lessons, ids, completed, access, active)
	if err != nil {
		return nil, fmt.Errorf("progress of %s: %w", user, err)
	}
	known := make(map[string]place, len(lessons))
	var lesson string
	var at place
	_, err = pgx.ForEachRow(rows, []any{&lesson, &at.module, &at.left}, func() error {
		known[lesson] = at
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("progress of %s: %w", user, err)
	}
	return known, nil
}

// joinSQL does to rows what Fold does to states; LEAST and GREATEST pass over
// NULL. Rows are locked in the order of their lessons.
const joinSQL = `
	WITH s AS MATERIALIZED (
		SELECT s.*, l.module_key
		FROM unnest($2::text[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[])
			AS s(lesson_id, id, completed_at, last_access, active)
		JOIN lesson_ids l USING (lesson_id)
	), joined AS (
		INSERT INTO progress AS p (id, user_id, lesson_id, completed, completed_at, last_access, active)
		SELECT id, $1, lesson_id, completed_at IS NOT NULL, completed_at, last_access, active::tstzmultirange
		FROM s
		ORDER BY lesson_id
		ON CONFLICT (user_id, lesson_id) DO UPDATE SET
			completed = p.completed OR excluded.completed,
			completed_at = LEAST(p.completed_at, excluded.completed_at),
			last_access = GREATEST(p.last_access, excluded.last_access),
			active = p.active + excluded.active
	)
	SELECT lesson_id, module_key, EXISTS (
		SELECT FROM former_lessons f
		JOIN content_versions v ON v.id = f.version_id AND v.activated_at IS NOT NULL
		WHERE f.lesson_id = s.lesson_id AND f.moved_to IS NOT NULL AND NOT EXISTS (
			SELECT FROM lessons l JOIN content_versions a ON a.id = l.version_id WHERE l.lesson_id = s.lesson_id AND a.is_active))
	FROM s`

func moment(s State) *time.Time {
	if !s.Completed {
		return nil
	}
	return &s.CompletedAt
}

// multirange writes intervals as PostgreSQL reads them.
func multirange(all []Interval) string {
	const layout = "2006-01-02T15:04:05.000Z"
	var b strings.Builder
	b.WriteByte('{')
	for n, i := range all {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString("[" + i.From.UTC().Format(layout) + "," + i.To.UTC().Format(layout) + ")")
	}
	b.WriteByte('}')
	return b.String()
}

// counts reports whether events of a kind say something about progress.
func counts(kind string) bool { return slices.Contains([]string{Open, Read, Finish}, kind) }

// Refold makes a reader's progress anew from all events: after a restore, when
// lessons came that were not known, or to prove that nothing is lost.
func Refold(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	// This lock waits for devices that are storing events, and holds up others.
	var created time.Time
	if err := tx.QueryRow(ctx, `SELECT created_at FROM users WHERE id = $1 FOR UPDATE`, user).Scan(&created); err != nil {
		return fmt.Errorf("refold %s: %w", user, err)
	}
	states, err := history(ctx, tx, user, created)
	if err != nil {
		return fmt.Errorf("refold %s: %w", user, err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM progress WHERE user_id = $1`, user); err != nil {
		return fmt.Errorf("refold %s: %w", user, err)
	}
	_, err = join(ctx, tx, user, states)
	return err
}

// history folds all events of a reader, by lesson.
func history(ctx context.Context, tx pgx.Tx, user uuid.UUID, created time.Time) (map[string]State, error) {
	rows, err := tx.Query(ctx, `
		SELECT lesson_id, kind, at, active_ms, received_at
		FROM study_events
		WHERE user_id = $1`, user)
	if err != nil {
		return nil, err
	}
	lessons := map[string][]Event{}
	var e Event
	var received time.Time
	_, err = pgx.ForEachRow(rows, []any{&e.Lesson, &e.Kind, &e.At, &e.ActiveMS, &received}, func() error {
		lessons[e.Lesson] = append(lessons[e.Lesson], e.Clamped(created, received))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := share(ctx, tx, lessons); err != nil {
		return nil, err
	}
	states := map[string]State{}
	for lesson, events := range lessons {
		states[lesson] = Fold(State{}, events...)
	}
	return states, nil
}

// share gives each lesson the events of those that it was or has become.
func share(ctx context.Context, tx pgx.Tx, lessons map[string][]Event) error {
	own := maps.Clone(lessons)
	rows, err := tx.Query(ctx, `
		SELECT own, kin
		FROM unnest($1::text[]) own, lesson_kin(own) kin
		WHERE kin <> own AND EXISTS (SELECT FROM former_lessons WHERE lesson_id = own OR moved_to = own)`, slices.Collect(maps.Keys(own)))
	if err != nil {
		return err
	}
	var from, to string
	_, err = pgx.ForEachRow(rows, []any{&from, &to}, func() error {
		lessons[to] = append(slices.Clip(lessons[to]), own[from]...)
		return nil
	})
	return err
}
