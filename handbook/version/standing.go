package version

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// Standing is what readers have of a module, which the next version of it must
// not take away by mistake.
type Standing struct {
	Version string            `json:"version"` // that is active, "" if none is
	Lessons []string          `json:"lessons"` // its lessons' ids
	Gone    map[string]string `json:"gone"`    // ids of lessons that readers had: what they became, "" if they were retired
	Had     map[string]string `json:"had"`     // ids of other lessons that readers had, as before a roll back: the version that had them last
}

// Stand returns how a module stands. One that nobody knows has nothing.
func Stand(ctx context.Context, q db.Querier, module string) (Standing, error) {
	s := Standing{Lessons: []string{}, Gone: map[string]string{}, Had: map[string]string{}}
	for _, ask := range []func(context.Context, db.Querier, string) error{s.active, s.gone, s.had} {
		if err := ask(ctx, q, module); err != nil {
			return s, fmt.Errorf("lessons of %q: %w", module, err)
		}
	}
	return s, nil
}

func (s *Standing) active(ctx context.Context, q db.Querier, module string) error {
	rows, err := q.Query(ctx, `
		SELECT v.version, l.lesson_id
		FROM content_versions v
		JOIN lessons l ON l.version_id = v.id
		WHERE v.module_id = $1 AND v.is_active
		ORDER BY l.position`, module)
	if err != nil {
		return err
	}
	var id string
	_, err = pgx.ForEachRow(rows, []any{&s.Version, &id}, func() error {
		s.Lessons = append(s.Lessons, id)
		return nil
	})
	return err
}

func (s *Standing) gone(ctx context.Context, q db.Querier, module string) error {
	rows, err := q.Query(ctx, `
		SELECT f.lesson_id, coalesce(f.moved_to, '')
		FROM former_lessons f
		JOIN content_versions v ON v.id = f.version_id
		WHERE v.module_id = $1 AND v.activated_at IS NOT NULL
		ORDER BY v.release_date, v.id`, module)
	if err != nil {
		return err
	}
	var id, moved string
	_, err = pgx.ForEachRow(rows, []any{&id, &moved}, func() error {
		s.Gone[id] = moved
		return nil
	})
	return err
}

// had asks for what active and gone leave.
func (s *Standing) had(ctx context.Context, q db.Querier, module string) error {
	rows, err := q.Query(ctx, `
		SELECT l.lesson_id, v.version
		FROM content_versions v
		JOIN lessons l ON l.version_id = v.id
		WHERE v.module_id = $1 AND v.activated_at IS NOT NULL
		ORDER BY v.release_date, v.id`, module)
	if err != nil {
		return err
	}
	var id, version string
	_, err = pgx.ForEachRow(rows, []any{&id, &version}, func() error {
		if _, gone := s.Gone[id]; !gone && !slices.Contains(s.Lessons, id) {
			s.Had[id] = version
		}
		return nil
	})
	return err
}

// Successor returns the lesson of a module's active version that a lesson of
// a former one has become, "" if there is none; then it may be retired.
func Successor(ctx context.Context, q db.Querier, module, lesson string) (id string, retired bool, err error) {
	if !Plain(module) || !Plain(lesson) {
		return "", false, nil
	}
	err = q.QueryRow(ctx, `
		WITH kin AS (SELECT lesson_kin($2) AS id)
		SELECT coalesce((
			SELECT l.lesson_id
			FROM lessons l
			JOIN content_versions v ON v.id = l.version_id
			JOIN kin ON kin.id = l.lesson_id
			WHERE v.module_id = $1 AND v.is_active
			LIMIT 1), ''), EXISTS (
			SELECT FROM former_lessons f
			JOIN content_versions v ON v.id = f.version_id
			JOIN kin ON kin.id = f.lesson_id
			WHERE v.module_id = $1 AND v.activated_at IS NOT NULL AND f.moved_to IS NULL)`, module, lesson).Scan(&id, &retired)
	if err != nil {
		return "", false, fmt.Errorf("what %q of %q has become: %w", lesson, module, err)
	}
	return id, id == "" && retired, nil
}
