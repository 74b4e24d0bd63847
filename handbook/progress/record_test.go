package progress_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

// model is what must follow from events, by lesson.
func model(events []progress.Event) map[string]progress.State {
	all := map[string]progress.State{}
	for _, e := range events {
		if s := progress.Fold(all[e.Lesson], e.Clamped(created, received)); !s.LastAccess.IsZero() {
			all[e.Lesson] = s
		}
	}
	return all
}

// learner signs somebody up on the day the property tests begin.
func learner(t testing.TB, p *platform.Platform, email string) uuid.UUID {
	t.Helper()
	u := platformtest.Learner(t, p, email)
	if _, err := p.DB.Exec(t.Context(), `UPDATE users SET created_at = $2 WHERE id = $1`, u.ID, created); err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func equal(t rapid.TB, what string, want, got map[string]progress.State) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// Three devices send what they have in any order, in pieces, and again.
func TestRecordConverges(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		user := learner(t, p, fmt.Sprintf("ana%d@example.com", n))
		all := rapid.SliceOfN(rapid.Custom(anyEvent), 0, 30).Draw(rt, "events")
		sent := spoilt(rt, all)
		for len(sent) > 0 {
			size := rapid.IntRange(1, len(sent)).Draw(rt, "size")
			batch := make([]json.RawMessage, size)
			for n, e := range sent[:size] {
				batch[n] = raw(e)
			}
			for n, r := range record(t, p, user, batch...) {
				if r.Result != progress.Stored && r.Result != progress.Known {
					rt.Fatalf("%s: %+v", batch[n], r)
				}
			}
			sent = sent[size:]
		}
		want := model(all)
		equal(rt, "recorded", want, kept(t, p, user))
		refold(t, p, user)
		equal(rt, "folded again", want, kept(t, p, user))
	})
}

// Devices of one reader send at the same time, overlapping batches in
// different orders, while progress is folded again.
func TestRecordAtOnce(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	user := learner(t, p, "ana@example.com")
	var all []progress.Event
	var events []json.RawMessage
	for n := range 120 {
		e := progress.Event{
			ID: uuid.New(), Lesson: []string{"lift", "drag", "stalls"}[n%3], Kind: []string{"read", "read", "finish", "open"}[n%4],
			At: created.Add(time.Duration(n) * 20 * time.Second), ActiveMS: 25_000,
		}
		all, events = append(all, e), append(events, raw(e))
	}
	var g errgroup.Group
	for device := range 3 {
		g.Go(func() error {
			mine := slices.Clone(events[20*device : 80+20*device])
			if device == 1 {
				slices.Reverse(mine)
			}
			for batch := range slices.Chunk(mine, 7) {
				_, _, err := progress.Record(t.Context(), p.DB, progress.Batch{User: user, Received: received, Events: batch})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for range 10 {
			refold(t, p, user)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "recorded", model(all), kept(t, p, user))
}

func TestRecordResults(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	user := learner(t, p, "ana@example.com")
	const id = "0197a3c2-0000-7000-8000-00000000000"
	event := func(n int, more string) string {
		return fmt.Sprintf(`{"id":"%s%d","lesson":"lift","kind":"finish","at":"2026-01-02T10:00:00.250Z"%s}`, id, n, more)
	}
	record(t, p, user, json.RawMessage(event(0, "")))
	for _, tc := range []struct {
		name, event, result, err string
	}{
		{"new", event(1, ""), "stored", ""},
		{"the same again", event(0, ""), "known", ""},
		{"the same with other spaces", " " + event(0, " "), "known", ""},
		{"another under its id", event(0, `,"active_ms":1`), "conflict", "another event has this id"},
		{"unknown fields", event(2, `,"mood":{"good":[true,null]}`), "stored", ""},
		{"unknown kind", `{"id":"` + id + `3","kind":"dance","at":"2026-01-02T10:00:00Z"}`, "stored", ""},
		{"unknown lesson", strings.Replace(event(4, ""), "lift", "canards", 1), "stored", "unknown lesson; the event is kept"},
		{"NUL in an unknown field", event(5, `,"note":"\u0000"`), "invalid", "this event holds what cannot be stored"},
		{"NUL in the lesson", strings.Replace(event(5, ""), "lift", `\u0000`, 1), "invalid", "this event holds what cannot be stored"},
		{"half a character", event(5, `,"note":"\ud800"`), "invalid", "this event holds what cannot be stored"},
		{"a number beyond all", event(5, `,"note":1e400000`), "invalid", "this event holds what cannot be stored"},
		{"not UTF-8", event(5, ",\"note\":\"\xff\""), "invalid", "an event must be UTF-8"},
		{"large", event(5, `,"note":"`+strings.Repeat("x", 5000)+`"`), "invalid", "an event has 4096 bytes at most"},
		{"deep", event(5, `,"note":`+strings.Repeat("[", 1900)+strings.Repeat("]", 1900)), "stored", ""},
		{"no event", `"hello"`, "invalid", "this is not an event: an object with id, lesson, kind and at as texts, and active_ms as a number"},
		{"null", `null`, "invalid", "kind must have 1 to 50 bytes"},
		{"no id", `{"kind":"open","lesson":"lift","at":"2026-01-02T10:00:00Z"}`, "invalid", "id must be a UUID"},
		{"a decorated id", strings.Replace(event(6, ""), `"`+id+`6"`, `"{`+id+`6}"`, 1), "invalid", "id must be a UUID"},
		{"no time", `{"id":"` + id + `6","kind":"open","lesson":"lift"}`, "invalid", "at must be a time such as 2026-01-31T12:00:00.000Z"},
		{"no lesson", `{"id":"` + id + `6","kind":"open","at":"2026-01-02T10:00:00Z"}`, "invalid", "lesson must have 1 to 200 bytes"},
		{"negative", event(6, `,"active_ms":-1`), "invalid", "active_ms must not be negative"},
		{"beyond an int", event(6, `,"active_ms":1e300`), "stored", ""},
		{"the year 0", strings.Replace(event(7, ""), "2026", "0000", 1), "stored", ""},
		{"the year 9999", strings.Replace(event(8, ""), "2026", "9999", 1), "stored", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fine := raw(progress.Event{ID: uuid.New(), Lesson: "lift", Kind: "open", At: received})
			other := raw(progress.Event{ID: uuid.New(), Lesson: "drag", Kind: "open", At: received})
			got := record(t, p, user, fine, json.RawMessage(tc.event), other)
			if got[0].Result != "stored" || got[2].Result != "stored" {
				t.Errorf("its neighbours: got %+v", got)
			}
			if got[1].Result != tc.result || got[1].Error != tc.err {
				t.Errorf("got %+v, want %s %q", got[1], tc.result, tc.err)
			}
		})
	}
	before := kept(t, p, user)
	refold(t, p, user)
	equal(t, "folded again", before, kept(t, p, user))
}

// One id twice in a batch is one event.
func TestRecordSameIDInABatch(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	user := learner(t, p, "ana@example.com")
	one := progress.Event{ID: uuid.New(), Lesson: "lift", Kind: "open", At: received}
	two := one
	two.Kind = "finish"
	got := record(t, p, user, raw(one), raw(one), raw(two))
	var results []string
	for _, r := range got {
		results = append(results, r.Result)
	}
	if diff := cmp.Diff([]string{"stored", "known", "conflict"}, results); diff != "" {
		t.Error(diff)
	}
	if kept(t, p, user)["lift"].Completed {
		t.Error("the conflicting event was folded")
	}
}

// A lesson that is published later gets what was kept for it.
func TestRefoldFindsLaterLessons(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	user := learner(t, p, "ana@example.com")
	e := progress.Event{ID: uuid.New(), Lesson: "lift", Kind: "finish", At: received}
	record(t, p, user, raw(e))
	publish(t, p)
	refold(t, p, user)
	equal(t, "folded again", model([]progress.Event{e}), kept(t, p, user))
}

func TestOf(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	user := learner(t, p, "ana@example.com")
	record(t, p, user,
		raw(progress.Event{ID: uuid.New(), Lesson: "drag", Kind: "finish", At: received}),
		raw(progress.Event{ID: uuid.New(), Lesson: "drag", Kind: "read", At: received, ActiveMS: 90_000}))
	m, err := progress.Of(t.Context(), p.DB, user, "instrument")
	if err != nil {
		t.Fatal(err)
	}
	want := progress.Module{Module: "instrument", Percent: 33, Done: 1, Total: 3, Lessons: []progress.Lesson{
		{ID: "lift", Title: "Lift"}, {ID: "drag", Title: "Drag", Completed: true, LastAccess: &received, Minutes: 1}, {ID: "stalls", Title: "Stalls"},
	}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if _, err := progress.Of(t.Context(), p.DB, user, "seaplane"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown module: %v", err)
	}
}

// While PostgreSQL is away, the cache tells what was last known.
func TestLatestWithoutPostgreSQL(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	user := learner(t, p, "ana@example.com")
	record(t, p, user, raw(progress.Event{ID: uuid.New(), Lesson: "drag", Kind: "finish", At: received}))
	progress.Keep(t.Context(), p.DB, p.Cache, user, []string{"instrument"})
	cfg := *p.Config
	cfg.DatabaseURL = "postgres://postgres@127.0.0.1:1/none"
	away := platformtest.Open(t, &cfg)
	m, err := progress.Latest(t.Context(), away.DB, away.Cache, user, "instrument")
	if err != nil || m.Done != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
}
