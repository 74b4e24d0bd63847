package compare

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Lesson is a lesson in which two versions differ.
type Lesson struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	What   []string `json:"what"` // in words
	Blocks []Block  `json:"blocks,omitempty"`
}

// Added and Removed are what is said of a lesson that one version lacks.
const (
	Added   = "added"
	Removed = "removed"
)

// lesson is one of a version.
type lesson struct {
	ID, Title, Summary string
	Preview            bool
	HTML               string
}

// Versions returns the lessons in which two versions of a module differ, in
// the order of the newer one, and then those that it lacks.
func Versions(ctx context.Context, q db.Querier, from, to uuid.UUID) ([]Lesson, error) {
	old, err := lessons(ctx, q, from)
	if err != nil {
		return nil, err
	}
	current, err := lessons(ctx, q, to)
	if err != nil {
		return nil, err
	}
	former, err := pairs(ctx, q, from, to)
	if err != nil {
		return nil, err
	}
	return differences(old, current, former), nil
}

func lessons(ctx context.Context, q db.Querier, version uuid.UUID) ([]lesson, error) {
	rows, err := q.Query(ctx, `
		SELECT lesson_id, title, summary, preview, html
		FROM lessons
		WHERE version_id = $1
		ORDER BY position`, version)
	if err != nil {
		return nil, fmt.Errorf("lessons of %s: %w", version, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[lesson])
}

// pairs returns which lesson of one version a lesson of the other is, where
// they have not the same id.
func pairs(ctx context.Context, q db.Querier, from, to uuid.UUID) (map[string]string, error) {
	rows, err := q.Query(ctx, `
		SELECT moved_to, lesson_id FROM former_lessons WHERE version_id = $2 AND moved_to IS NOT NULL
		UNION
		SELECT lesson_id, moved_to FROM former_lessons WHERE version_id = $1 AND moved_to IS NOT NULL
		UNION
		SELECT l.lesson_id, kin FROM lessons l, lesson_kin(l.lesson_id) kin WHERE l.version_id = $2 AND kin <> l.lesson_id`, from, to)
	if err != nil {
		return nil, fmt.Errorf("lessons that moved between %s and %s: %w", from, to, err)
	}
	former := map[string]string{}
	var now, before string
	_, err = pgx.ForEachRow(rows, []any{&now, &before}, func() error {
		former[now] = before
		return nil
	})
	return former, err
}

func differences(old, current []lesson, former map[string]string) []Lesson {
	at := map[string]lesson{}
	for _, l := range old {
		at[l.ID] = l
	}
	before := make([]string, len(current)) // the ids that current lessons had
	for i, l := range current {
		if before[i] = l.ID; at[l.ID].ID == "" && at[former[l.ID]].ID != "" {
			before[i] = former[l.ID]
		}
	}
	moved := reordered(old, before)
	all := []Lesson{}
	for i, l := range current {
		d := Lesson{ID: l.ID, Title: l.Title}
		was, ok := at[before[i]]
		if !ok {
			d.What = []string{Added}
		} else {
			d.What, d.Blocks = l.since(was, moved[before[i]]), Texts(was.HTML, l.HTML)
		}
		if len(d.What) > 0 || len(d.Blocks) > 0 {
			all = append(all, d)
		}
	}
	for _, l := range old {
		if !slices.Contains(before, l.ID) {
			all = append(all, Lesson{ID: l.ID, Title: l.Title, What: []string{Removed}})
		}
	}
	return all
}

// since says what is new about a lesson beside its text.
func (l lesson) since(was lesson, moved bool) []string {
	var what []string
	say := func(differs bool, format string, args ...any) {
		if differs {
			what = append(what, fmt.Sprintf(format, args...))
		}
	}
	say(l.ID != was.ID, "was %s", was.ID)
	say(moved, "stands elsewhere")
	say(l.Title != was.Title, "was called “%s”", was.Title)
	say(l.Summary != was.Summary, "new summary")
	say(l.Preview && !was.Preview, "free now")
	say(!l.Preview && was.Preview, "free no more")
	say(!Same(was.HTML, l.HTML), "changed")
	return what
}

// reordered returns the lessons that have not kept their order.
func reordered(old []lesson, before []string) map[string]bool {
	ids := make([]string, len(old))
	for i, l := range old {
		ids[i] = l.ID
	}
	moved := map[string]bool{}
	for _, s := range steps(ids, before) {
		for _, id := range s.words {
			if s.op == Inserted && slices.Contains(ids, id) {
				moved[id] = true
			}
		}
	}
	return moved
}
