package search

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Index writes the sections of a version anew, and returns how many there are.
// Writing them twice changes nothing.
func Index(ctx context.Context, tx pgx.Tx, version uuid.UUID) (int, error) {
	rows, err := sections(ctx, tx, version)
	if err != nil {
		return 0, fmt.Errorf("lessons of version %s: %w", version, err)
	}
	if err := write(ctx, tx, version, rows); err != nil {
		return 0, fmt.Errorf("sections of version %s: %w", version, err)
	}
	return len(rows), nil
}

// row is a section with its place.
type row struct {
	lesson   string
	position int // from 0, within its lesson
	Section
}

// whole is a lesson.
type whole struct {
	ID, Title, Summary, HTML string
	ACS                      []string
}

func sections(ctx context.Context, q db.Querier, version uuid.UUID) ([]row, error) {
	rows, err := q.Query(ctx, `
		SELECT lesson_id, title, summary, html, acs
		FROM lessons
		WHERE version_id = $1
		ORDER BY position`, version)
	if err != nil {
		return nil, err
	}
	// All are read before the first is taken apart: PostgreSQL's time for the
	// statement would run meanwhile.
	lessons, err := pgx.CollectRows(rows, pgx.RowToStructByPos[whole])
	if err != nil {
		return nil, err
	}
	var all []row
	for _, l := range lessons {
		for i, s := range Split(l.Title, l.Summary, l.HTML) {
			if i == 0 { // what the whole lesson is for
				s.Codes = codes(l.Title + " " + s.Body + " " + strings.Join(l.ACS, " "))
				s.Codes = append(s.Codes, named(s.Codes)...)
			} else {
				s.Codes = append(s.Codes, named(codes(s.Title))...)
			}
			all = append(all, row{l.ID, i, s})
		}
	}
	return all, nil
}

// atOnce is how many rows one statement writes: it has to end in time on a busy
// machine too, and writing an index takes a while.
const atOnce = 500

func write(ctx context.Context, tx pgx.Tx, version uuid.UUID, rows []row) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sections WHERE version_id = $1`, version); err != nil {
		return err
	}
	for some := range slices.Chunk(rows, atOnce) {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"sections"}, []string{"version_id", "lesson_id", "position", "anchor", "title", "codes", "body"},
			pgx.CopyFromSlice(len(some), func(i int) ([]any, error) {
				r := some[i]
				return []any{version, r.lesson, r.position, r.Anchor, r.Title, db.Present(r.Codes), r.Body}, nil
			}))
		if err != nil {
			return err
		}
	}
	// In one order for all: two that add the same words must not wait for each
	// other in a circle.
	for some := range slices.Chunk(words(rows), atOnce) {
		_, err := tx.Exec(ctx, `
			INSERT INTO search_words (word)
			SELECT word FROM unnest($1::text[]) AS word ORDER BY word
			ON CONFLICT DO NOTHING`, some)
		if err != nil {
			return err
		}
	}
	return nil
}

var word = regexp.MustCompile(`\p{L}{3,40}`)

// words returns the words of all sections in lower case, each once, sorted.
func words(rows []row) []string {
	all := map[string]bool{}
	for _, r := range rows {
		for _, w := range word.FindAllString(strings.ToLower(r.Title+" "+r.Body), -1) {
			all[w] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
