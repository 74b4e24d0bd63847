package search

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Edition is a version to search.
type Edition struct {
	ID       uuid.UUID
	Module   string
	Title    string
	Checksum string
}

// Editions returns of each module the active version, or while that is not
// indexed yet the last one that was active and is. What an answer misses is
// then not kept for long: the next one is of other editions.
func Editions(ctx context.Context, q db.Querier) ([]Edition, error) {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT ON (v.module_id) v.id, v.module_id, v.title, v.checksum
		FROM content_versions v
		JOIN content_versions active ON active.module_id = v.module_id AND active.is_active
		WHERE v.activated_at IS NOT NULL AND EXISTS (SELECT FROM sections WHERE version_id = v.id)
		ORDER BY v.module_id, v.is_active DESC, (SELECT max(at) FROM activations WHERE version_id = v.id) DESC`)
	if err != nil {
		return nil, fmt.Errorf("editions: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Edition])
}

// Answer is what was found.
type Answer struct {
	Query     string `json:"query"`
	Corrected string `json:"corrected,omitempty"` // what was searched instead
	Against   bool   `json:"against,omitempty"`   // it only says what is not wanted, so that nothing is found
	Hits      []Hit  `json:"hits"`                // the best first
}

// Hit is a section that matches, or a lesson that has one but is not open to
// the reader.
type Hit struct {
	Module  string `json:"module"`
	Lesson  string `json:"lesson"`
	Anchor  string `json:"anchor,omitempty"`
	Title   string `json:"title"`  // of the section; of the lesson where that is not open
	Within  string `json:"within"` // lesson and module
	Snippet []Span `json:"snippet"`
	Open    bool   `json:"open"`
}

// Span is a stretch of a snippet.
type Span struct {
	Text   string `json:"text"`
	Marked bool   `json:"marked,omitempty"` // it is what was asked for
}

// URL returns where a hit leads.
func (h Hit) URL() string {
	url := "/modules/" + h.Module + "/lessons/" + h.Lesson
	if h.Open && h.Anchor != "" {
		url += "#" + h.Anchor
	}
	return url
}

// most is how many hits an answer has at most; enough is how many a query finds
// that needs no other reading.
const (
	most   = 12
	enough = 3
)

// Find returns the sections of these editions that fit best; opens lists the
// modules that the reader may read.
func Find(ctx context.Context, pool *db.Pool, in []Edition, opens []string, typed string) (a Answer, err error) {
	err = pool.Together(ctx, func(ctx context.Context, q db.Querier) error {
		a, err = find(ctx, q, in, opens, typed)
		return err
	})
	return a, err
}

func find(ctx context.Context, q db.Querier, in []Edition, opens []string, typed string) (Answer, error) {
	a := Answer{Query: clean(typed), Hits: []Hit{}}
	s := seeker{ctx: ctx, db: q, opens: opens}
	for _, e := range in {
		s.versions = append(s.versions, e.ID)
	}
	asked := parse(typed)
	a.Against = len(asked.codes) == 0 && len(asked.sought()) == 0
	hits, err := s.seek(asked)
	if begun, ok := asked.begun(); ok && err == nil && len(hits) < enough {
		var more []Hit
		more, err = s.seek(begun)
		hits = join(hits, more)
	}
	if err == nil && len(hits) == 0 {
		a.Corrected, err = s.correct(asked)
		if a.Corrected != "" && err == nil {
			hits, err = s.seek(parse(a.Corrected))
		}
	}
	if err != nil {
		return a, fmt.Errorf("search %q: %w", a.Query, err)
	}
	if len(hits) == 0 {
		a.Corrected = ""
	}
	a.Hits = append(a.Hits, hits...)
	return a, nil
}

// join appends what is not there yet.
func join(hits, more []Hit) []Hit {
	for _, h := range more {
		if !slices.ContainsFunc(hits, func(g Hit) bool { return g.URL() == h.URL() }) && len(hits) < most {
			hits = append(hits, h)
		}
	}
	return hits
}
