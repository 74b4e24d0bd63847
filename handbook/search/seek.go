package search

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// seeker asks for one reader.
type seeker struct {
	ctx      context.Context
	db       db.Querier
	versions []uuid.UUID
	opens    []string // modules
}

// How many of the sections that match are ranked: with the words in their
// titles, and others. How many of those may be shown.
const (
	titled = 100
	others = 100
	ranked = 40
)

// asked is the text query of words and the beginning of one.
const asked = `
	WITH asked AS (
		SELECT websearch_to_tsquery('english', $2) && CASE WHEN $3 = '' THEN ''::tsquery ELSE to_tsquery('english', $3) END AS words)`

// byWords ranks by words. What matches is found in a WITH of its own: the plan
// of that does not depend on how frequent the words are, so that it is made
// once, and LIMIT ends it early all the same. A title that lacks a word that is
// not wanted says nothing of its text, so that both are asked. Of a frequent
// word the lessons that begin with it are enough: they have an index of their
// own, and the other's many hits are not even listed.
const byWords = asked + `,
	titled AS MATERIALIZED (
		SELECT version_id, lesson_id, position, tsv
		FROM sections, asked
		WHERE title_tsv @@ words AND tsv @@ words AND version_id = ANY($1)),
	first AS MATERIALIZED (
		SELECT version_id, lesson_id, position, tsv
		FROM sections, asked
		WHERE tsv @@ words AND NOT title_tsv @@ words AND version_id = ANY($1) AND position = 0
		LIMIT $5),
	others AS MATERIALIZED (
		SELECT version_id, lesson_id, position, tsv
		FROM sections, asked
		WHERE tsv @@ words AND NOT title_tsv @@ words AND version_id = ANY($1) AND position > 0)
	SELECT version_id, lesson_id, position, ts_rank(tsv, words, 1) AS rank
	FROM asked, (
		(SELECT * FROM titled LIMIT $4)
		UNION ALL
		SELECT * FROM first
		UNION ALL
		(SELECT * FROM others LIMIT $5 - (SELECT count(*) FROM first))) s
	ORDER BY rank DESC, lesson_id, position
	LIMIT $6`

// byBoth ranks by words the sections that have all codes too.
const byBoth = asked + `,
	fitting AS MATERIALIZED (
		SELECT version_id, lesson_id, position, tsv
		FROM sections, asked
		WHERE tsv @@ words AND version_id = ANY($1) AND codes @> $4 AND NOT codes && $5)
	SELECT version_id, lesson_id, position, ts_rank(tsv, words, 1) AS rank
	FROM asked, (SELECT * FROM fitting LIMIT $6) s
	ORDER BY rank DESC, lesson_id, position
	LIMIT $7`

// byCodes finds codes alone: first where a title names them or the whole lesson
// is about them.
const byCodes = `
	WITH named AS MATERIALIZED (
		SELECT version_id, lesson_id, position
		FROM sections
		WHERE codes @> $2 AND version_id = ANY($1) AND NOT codes && $4),
	others AS MATERIALIZED (
		SELECT version_id, lesson_id, position
		FROM sections
		WHERE codes @> $3 AND NOT codes @> $2 AND version_id = ANY($1) AND NOT codes && $4)
	(SELECT *, 1::real AS rank FROM named LIMIT $5)
	UNION ALL
	(SELECT *, 0::real FROM others LIMIT $5 - (SELECT count(*) FROM (SELECT FROM named LIMIT $5) _))
	ORDER BY rank DESC, lesson_id, position
	LIMIT $5`

// places are sections by their keys, the best first.
type places struct {
	versions  []uuid.UUID
	lessons   []string
	positions []int
}

func (s seeker) seek(q query) ([]Hit, error) {
	found, err := s.rank(q)
	if err != nil || len(found.versions) == 0 {
		return nil, err
	}
	return s.show(found, q)
}

func (s seeker) rank(q query) (found places, err error) {
	codes, without := db.Present(q.codes), db.Present(q.without)
	var rows pgx.Rows
	switch {
	case q.asksFor() && len(codes)+len(without) > 0:
		rows, err = s.db.Query(s.ctx, byBoth, s.versions, q.text, q.prefix, codes, without, titled+others, ranked)
	case q.asksFor():
		rows, err = s.db.Query(s.ctx, byWords, s.versions, q.text, q.prefix, titled, others, ranked)
	case len(codes) > 0:
		rows, err = s.db.Query(s.ctx, byCodes, s.versions, named(codes), codes, without, ranked)
	default:
		return found, nil
	}
	if err != nil {
		return found, err
	}
	var version uuid.UUID
	var lesson string
	var position int
	_, err = pgx.ForEachRow(rows, []any{&version, &lesson, &position, nil}, func() error {
		found.versions, found.lessons, found.positions = append(found.versions, version), append(found.lessons, lesson), append(found.positions, position)
		return nil
	})
	return found, err
}

// show tells what is found: sections of lessons that are open to the reader,
// and of the others each lesson once, without a word of its text.
func (s seeker) show(found places, q query) ([]Hit, error) {
	rows, err := s.db.Query(s.ctx, `
		WITH choice AS (
			SELECT f.*, l.module_key, l.title AS lesson, l.summary, l.preview OR l.module_key = ANY($4) AS open,
			       row_number() OVER (PARTITION BY f.version_id, f.lesson_id ORDER BY f.place) AS nth
			FROM unnest($1::uuid[], $2::text[], $3::int[]) WITH ORDINALITY f (version_id, lesson_id, position, place)
			JOIN lessons l USING (version_id, lesson_id))
		SELECT c.module_key, c.lesson_id,
		       CASE WHEN c.open THEN s.anchor ELSE '' END,
		       CASE WHEN c.open THEN s.title ELSE c.lesson END,
		       CASE WHEN c.open AND s.anchor <> '' THEN c.lesson || ' · ' ELSE '' END || v.title,
		       CASE WHEN c.open THEN s.body ELSE c.summary END,
		       c.open
		FROM (SELECT * FROM choice WHERE open OR nth = 1 ORDER BY place LIMIT $5) c
		JOIN sections s USING (version_id, lesson_id, position)
		JOIN content_versions v ON v.id = c.version_id
		ORDER BY c.place`, found.versions, found.lessons, found.positions, db.Present(s.opens), most)
	if err != nil {
		return nil, err
	}
	m := newMarker(q)
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Hit, error) {
		var h Hit
		var text string
		err := row.Scan(&h.Module, &h.Lesson, &h.Anchor, &h.Title, &h.Within, &text, &h.Open)
		h.Snippet = []Span{{Text: text}}
		if h.Open {
			h.Snippet = m.snippet(text)
		}
		return h, err
	})
}

// similar is how many similar words are looked at for the one that was meant.
const similar = 25

// correct returns the query with each word that no section has replaced by the
// one that was meant, "" if there is nothing to replace.
func (s seeker) correct(q query) (string, error) {
	words := strings.Fields(q.text)
	changed := false
	for _, w := range q.words() {
		bare := strings.TrimFunc(w, notInWord) // a comma is no part of it
		meant, err := s.meant(strings.ToLower(bare))
		if err != nil {
			return "", err
		}
		if i := slices.Index(words, w); meant != "" && i >= 0 {
			words[i], changed = strings.Replace(w, bare, meant, 1), true
		}
	}
	if !changed {
		return "", nil
	}
	words = append(words, q.codes...)
	for _, c := range q.without {
		words = append(words, "-"+c)
	}
	return strings.Join(words, " "), nil
}

// meant returns the word that a mistyped one was probably meant to be, "" for
// one that is known or like none. Words of all versions that there ever were
// are similar; meant is one of those that are searched, or one that counts
// nowhere, such as "the".
func (s seeker) meant(w string) (string, error) {
	rows, err := s.db.Query(s.ctx, `
		WITH neighbours AS MATERIALIZED (
			SELECT word, word <-> $1 AS distance
			FROM search_words
			WHERE numnode(plainto_tsquery('english', $1)) > 0 AND NOT EXISTS (
				SELECT FROM sections
				WHERE version_id = ANY($2) AND tsv @@ plainto_tsquery('english', $1))
			ORDER BY word <-> $1
			LIMIT $3)
		SELECT word
		FROM neighbours
		WHERE numnode(plainto_tsquery('english', word)) = 0 OR EXISTS (
			SELECT FROM sections
			WHERE version_id = ANY($2) AND tsv @@ plainto_tsquery('english', word))
		ORDER BY distance`, w, s.versions, similar)
	if err != nil {
		return "", err
	}
	words, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	for _, word := range words {
		if near(w, word) {
			return word, nil
		}
	}
	return "", nil
}
