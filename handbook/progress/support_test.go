package progress_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
)

// publish makes a module with an active version of three lessons.
func publish(t testing.TB, p *platform.Platform) {
	t.Helper()
	_, err := p.DB.Exec(t.Context(), `
		WITH m AS (
			INSERT INTO modules (key, title, price) VALUES ('instrument', 'Instrument', 100)
		), s AS (
			INSERT INTO sources (id, module_key, version, digest, files)
			VALUES (gen_random_uuid(), 'instrument', '1.0.0', '', '[]')
			RETURNING id
		), v AS (
			INSERT INTO content_versions (id, module_id, version, checksum, is_active, source_id, title)
			SELECT gen_random_uuid(), 'instrument', '1.0.0', 'x', true, s.id, 'Instrument'
			FROM s
			RETURNING id
		), i AS (
			INSERT INTO lesson_ids SELECT unnest('{lift,drag,stalls}'::text[]), 'instrument'
		)
		INSERT INTO lessons (version_id, lesson_id, module_key, position, title, dated, words, html)
		SELECT v.id, l.id, 'instrument', l.n, initcap(l.id), '2026-01-01', 100, ''
		FROM v, unnest('{lift,drag,stalls}'::text[]) WITH ORDINALITY AS l(id, n)`)
	if err != nil {
		t.Fatal(err)
	}
}

func raw(e progress.Event) json.RawMessage {
	b, err := json.Marshal(map[string]any{
		"id": e.ID, "lesson": e.Lesson, "kind": e.Kind, "at": e.At.Format(time.RFC3339Nano), "active_ms": e.ActiveMS, "zoom": 2,
	})
	if err != nil {
		panic(err)
	}
	return b
}

func record(t testing.TB, p *platform.Platform, user uuid.UUID, events ...json.RawMessage) []progress.Result {
	t.Helper()
	results, _, err := progress.Record(t.Context(), p.DB, progress.Batch{User: user, Device: "a", Received: received, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// kept returns what PostgreSQL holds of a reader, by lesson.
func kept(t testing.TB, p *platform.Platform, user uuid.UUID) map[string]progress.State {
	t.Helper()
	rows, err := p.DB.Query(t.Context(), `
		SELECT p.lesson_id, p.completed, p.completed_at, p.last_access, p.time_spent, lower(r), upper(r)
		FROM progress p
		LEFT JOIN LATERAL unnest(p.active) r ON true
		WHERE p.user_id = $1
		ORDER BY p.lesson_id, lower(r)`, user)
	if err != nil {
		t.Fatal(err)
	}
	all, minutes := map[string]progress.State{}, map[string]int{}
	var lesson string
	var spent int
	var done bool
	var at, from, to *time.Time
	var access time.Time
	_, err = pgx.ForEachRow(rows, []any{&lesson, &done, &at, &access, &spent, &from, &to}, func() error {
		s := all[lesson]
		s.Completed, s.LastAccess = done, access.UTC()
		if at != nil {
			s.CompletedAt = at.UTC()
		}
		if from != nil {
			s.Active = append(s.Active, progress.Interval{From: from.UTC(), To: to.UTC()})
		}
		all[lesson], minutes[lesson] = s, spent
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for lesson, s := range all {
		if s.Minutes() != minutes[lesson] {
			t.Errorf("%s: time_spent is %d, want %d", lesson, minutes[lesson], s.Minutes())
		}
	}
	return all
}

func refold(t testing.TB, p *platform.Platform, user uuid.UUID) {
	t.Helper()
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return progress.Refold(t.Context(), tx, user) })
	if err != nil {
		t.Fatal(err)
	}
}
