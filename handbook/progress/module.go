package progress

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// Lesson is a reader's progress in one lesson.
type Lesson struct {
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Completed  bool       `json:"completed"`
	LastAccess *time.Time `json:"last_access"` // nil until opened
	Minutes    int        `json:"minutes"`
}

// Module is a reader's progress in one module.
type Module struct {
	Module  string   `json:"module"`
	Percent int      `json:"percent"`
	Done    int      `json:"done"`
	Total   int      `json:"total"`
	Lessons []Lesson `json:"lessons"` // all of the active version, in its order
}

// Of returns a reader's progress in the active version of a module.
func Of(ctx context.Context, q db.Querier, user uuid.UUID, module string) (Module, error) {
	m := Module{Module: module}
	var err error
	if m.Lessons, err = lessons(ctx, q, user, module); err != nil {
		return m, fmt.Errorf("progress of %s in %q: %w", user, module, err)
	}
	m.Total = len(m.Lessons)
	for _, l := range m.Lessons {
		if l.Completed {
			m.Done++
		}
	}
	m.Percent = Percent(m.Done, m.Total)
	if m.Total == 0 {
		return m, exists(ctx, q, module)
	}
	return m, nil
}

func lessons(ctx context.Context, q db.Querier, user uuid.UUID, module string) ([]Lesson, error) {
	rows, err := q.Query(ctx, `
		SELECT l.lesson_id, l.title, coalesce(p.completed, false), p.last_access, coalesce(p.time_spent, 0)
		FROM content_versions v
		JOIN lessons l ON l.version_id = v.id
		LEFT JOIN progress p ON p.user_id = $1 AND p.lesson_id = l.lesson_id
		WHERE v.module_id = $2 AND v.is_active
		ORDER BY l.position`, user, module)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Lesson])
	for _, l := range all {
		if l.LastAccess != nil {
			*l.LastAccess = l.LastAccess.UTC() // whatever the machine's zone is
		}
	}
	return all, err
}

// exists tells a module without lessons from one that is not there.
func exists(ctx context.Context, q db.Querier, module string) error {
	var there bool
	err := q.QueryRow(ctx, `SELECT true FROM modules WHERE key = $1`, module).Scan(&there)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.NotFound, "There is no module %q. The catalogue lists those that there are.", module)
	}
	return err
}

func cacheKey(user uuid.UUID, module string) string { return user.String() + ":" + module }

// Keep writes a reader's progress in modules to the cache, after a commit
// that changed it. What fails is only missing there.
func Keep(ctx context.Context, q db.Querier, c *cache.Cache, user uuid.UUID, modules []string) {
	for _, module := range modules {
		m, err := Of(ctx, q, user, module)
		if err != nil {
			c.Drop(ctx, cache.Progress, cacheKey(user, module))
			continue
		}
		cache.Set(ctx, c, cache.Progress, cacheKey(user, module), m)
	}
}

// Latest returns a reader's progress in a module: as PostgreSQL has it, and as
// the cache remembers it while PostgreSQL does not answer. The cache does not
// answer first, because a write that Redis missed would be hidden by it.
func Latest(ctx context.Context, q db.Querier, c *cache.Cache, user uuid.UUID, module string) (Module, error) {
	m, err := Of(ctx, q, user, module)
	switch {
	case err == nil:
		cache.Set(ctx, c, cache.Progress, cacheKey(user, module), m)
	case db.Gone(err):
		if kept, ok := cache.Get[Module](ctx, c, cache.Progress, cacheKey(user, module)); ok {
			return kept, nil
		}
	}
	return m, err
}
