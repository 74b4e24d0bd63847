package compare

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Change is a lesson whose text is not what somebody has read.
type Change struct {
	Lesson    string    `json:"lesson"`
	Read      time.Time `json:"read"`    // when they read it last
	Since     string    `json:"since"`   // the version that they read
	Version   string    `json:"version"` // that is active
	Changelog string    `json:"changelog"`
	From, To  string    `json:"-"` // the text that they read, and the one that is active
}

// Since returns what has changed since a reader read it: one lesson of a
// module, or if lesson is "" all. What they read is the version that was
// active then. Reading of the last hour does not count, so that what is new
// can be looked at again; opening a lesson is not reading it.
func Since(ctx context.Context, q db.Querier, user uuid.UUID, module, lesson string) ([]Change, error) {
	rows, err := q.Query(ctx, `
		SELECT l.lesson_id, r.at, o.version, v.version, coalesce(v.changelog, ''), t.html, l.html
		FROM content_versions v
		JOIN lessons l ON l.version_id = v.id
		JOIN progress p ON p.user_id = $1 AND p.lesson_id = l.lesson_id
		CROSS JOIN LATERAL (
			SELECT GREATEST(
				upper(p.active * tstzmultirange(tstzrange(NULL, now() - interval '1 hour'))),
				CASE WHEN p.completed_at < now() - interval '1 hour' THEN p.completed_at END) AS at) r
		CROSS JOIN LATERAL (
			SELECT a.version_id
			FROM activations a
			WHERE a.module_key = v.module_id AND a.at <= r.at
			ORDER BY a.at DESC
			LIMIT 1) a
		JOIN content_versions o ON o.id = a.version_id AND o.id <> v.id
		JOIN lessons t ON t.version_id = o.id AND t.lesson_id IN (SELECT lesson_kin(l.lesson_id))
		WHERE v.module_id = $2 AND v.is_active AND ($3 = '' OR l.lesson_id = $3) AND t.html <> l.html
		ORDER BY l.position`, user, module, lesson)
	if err != nil {
		return nil, fmt.Errorf("what changed for %s in %q: %w", user, module, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Change])
	if err != nil {
		return nil, fmt.Errorf("what changed for %s in %q: %w", user, module, err)
	}
	changed := []Change{}
	for _, c := range found {
		if !Same(c.From, c.To) {
			changed = append(changed, c)
		}
	}
	return changed, nil
}

// Text returns a lesson of a version that readers have had, under whatever id,
// and whether it was free then.
func Text(ctx context.Context, q db.Querier, module, version, lesson string) (html string, free bool, err error) {
	err = q.QueryRow(ctx, `
		SELECT l.html, l.preview
		FROM content_versions v
		JOIN lessons l ON l.version_id = v.id
		WHERE v.module_id = $1 AND v.version = $2 AND v.activated_at IS NOT NULL AND l.lesson_id IN (SELECT lesson_kin($3))
		ORDER BY v.revision DESC
		LIMIT 1`, module, version, lesson).Scan(&html, &free)
	return html, free, err
}
