package search

import (
	"context"
	"regexp"
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
// titles, and others. How many of those are looked at more closely.
const (
	titled = 100
	others = 300
	ranked = 40
)

// asked is the text query of words and the beginning of one.
const asked = `(websearch_to_tsquery('english', $4) && to_tsquery('english', $5))`

// byWords ranks by words; a section must have all codes too.
const byWords = `
	SELECT s.version_id, s.lesson_id, s.position, ts_rank(s.tsv, ` + asked + `, 1) AS rank
	FROM (
		(SELECT version_id, lesson_id, position, tsv
		 FROM sections
		 WHERE version_id = ANY($1) AND title_tsv @@ ` + asked + ` AND codes @> $6 AND NOT codes && $7
		 LIMIT $8)
		UNION ALL
		(SELECT version_id, lesson_id, position, tsv
		 FROM sections
		 WHERE version_id = ANY($1) AND tsv @@ ` + asked + ` AND NOT title_tsv @@ ` + asked + ` AND codes @> $6 AND NOT codes && $7
		 LIMIT $9)) s
	ORDER BY rank DESC, s.lesson_id, s.position
	LIMIT $10`

// byCodes finds codes alone: first where a title names them, then where a
// lesson is about them.
const byCodes = `
	SELECT version_id, lesson_id, position,
	       CASE WHEN strpos(lower(title), $4) > 0 THEN 2 WHEN position = 0 THEN 1 ELSE 0 END AS rank
	FROM sections
	WHERE version_id = ANY($1) AND codes @> $5 AND NOT codes && $6
	ORDER BY rank DESC, lesson_id, position
	LIMIT $7`

// Marks around what was asked for in a snippet, which no text contains.
const (
	begin = "\x02"
	end   = "\x03"
)

// What is shown of a section: where the words are, or around a code.
const (
	aroundWords = `ts_headline('english', s.body, ` + asked + `, 'StartSel=` + begin + `, StopSel=` + end + `, MaxFragments=2, MaxWords=20, MinWords=8, FragmentDelimiter=" … "')`
	aroundCode  = `substr(s.body, greatest(1, strpos(lower(s.body), $4) - 80), 200)`
)

// show wraps one of the rankings: sections of lessons that are open to the
// reader, and of the others each lesson once, without a word of its text.
func show(ranking, snippet string) string {
	return `
	WITH ranking AS (` + ranking + `),
	choice AS (
		SELECT r.*, l.module_key, l.title AS lesson, l.summary, l.preview OR l.module_key = ANY($2) AS open,
		       row_number() OVER (PARTITION BY r.version_id, r.lesson_id ORDER BY r.rank DESC, r.position) AS nth
		FROM ranking r
		JOIN lessons l USING (version_id, lesson_id))
	SELECT c.module_key, c.lesson_id,
	       CASE WHEN c.open THEN s.anchor ELSE '' END,
	       CASE WHEN c.open THEN s.title ELSE c.lesson END,
	       CASE WHEN c.open AND s.anchor <> '' THEN c.lesson || ' · ' ELSE '' END || v.title,
	       CASE WHEN c.open THEN ` + snippet + ` ELSE c.summary END,
	       c.open
	FROM (SELECT * FROM choice WHERE open OR nth = 1 ORDER BY rank DESC, lesson_id, position LIMIT $3) c
	JOIN sections s USING (version_id, lesson_id, position)
	JOIN content_versions v ON v.id = c.version_id
	ORDER BY c.rank DESC, c.lesson_id, c.position`
}

var (
	findWords = show(byWords, aroundWords)
	findCodes = show(byCodes, aroundCode)
)

func (s seeker) seek(q query) ([]Hit, error) {
	codes, without := db.Present(q.codes), db.Present(q.without)
	switch {
	case q.asksFor():
		return s.collect(`"`, findWords, s.versions, db.Present(s.opens), most, q.text, q.prefix, codes, without, titled, others, ranked)
	case len(codes) > 0:
		return s.collect(codes[0], findCodes, s.versions, db.Present(s.opens), most, codes[0], codes, without, ranked)
	}
	return nil, nil
}

// collect runs a search. Where PostgreSQL has not marked what was asked for,
// code is marked. The search is planned for its words: a plan for any words
// takes a frequent one for a rare one, and fifty times as long.
func (s seeker) collect(code, sql string, args ...any) ([]Hit, error) {
	rows, err := s.db.Query(s.ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Hit, error) {
		var h Hit
		var snippet string
		err := row.Scan(&h.Module, &h.Lesson, &h.Anchor, &h.Title, &h.Within, &snippet, &h.Open)
		if h.Open && !strings.Contains(snippet, begin) {
			snippet = mark(snippet, code)
		}
		h.Snippet = spans(snippet)
		return h, err
	})
}

// mark puts marks around a code, in any case.
func mark(text, code string) string {
	return regexp.MustCompile(`(?i)`+regexp.QuoteMeta(code)).ReplaceAllString(text, begin+"$0"+end)
}

// spans takes a snippet with marks apart.
func spans(snippet string) []Span {
	var all []Span
	for i, part := range strings.Split(snippet, begin) {
		marked, rest, ok := strings.Cut(part, end)
		if i == 0 || !ok {
			marked, rest = "", part
		}
		if marked != "" {
			all = append(all, Span{marked, true})
		}
		if rest != "" {
			all = append(all, Span{Text: rest})
		}
	}
	return all
}

// similar is how many similar words are looked at for the one that was meant.
const similar = 25

// correct returns the query with each word that no section has replaced by the
// one that was meant, "" if there is nothing to replace.
func (s seeker) correct(q query) (string, error) {
	words := strings.Fields(q.text)
	changed := false
	for _, w := range q.words() {
		meant, err := s.meant(strings.ToLower(w))
		if err != nil {
			return "", err
		}
		if i := slices.Index(words, w); meant != "" && i >= 0 {
			words[i], changed = meant, true
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
// one that is known or like none.
func (s seeker) meant(w string) (string, error) {
	rows, err := s.db.Query(s.ctx, `
		SELECT word
		FROM search_words
		WHERE NOT EXISTS (
			SELECT FROM sections
			WHERE version_id = ANY($2) AND tsv @@ plainto_tsquery('english', $1))
		ORDER BY word <-> $1
		LIMIT $3`, w, s.versions, similar)
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
