package version

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// All returns the versions of a module, the newest first, of which there is at
// least one.
func All(ctx context.Context, q db.Querier, module string) ([]Version, error) {
	rows, err := q.Query(ctx, `
		SELECT `+columns+`
		FROM content_versions v
		WHERE v.module_id = $1
		ORDER BY v.release_date DESC, v.id DESC`, module)
	if err != nil {
		return nil, fmt.Errorf("versions of %q: %w", module, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Version])
	if err == nil && len(found) == 0 {
		return nil, fault.New(fault.NotFound, "Nothing of a module %.80q is published yet. `handbook publish` does it.", module)
	}
	return found, err
}

// Choose finds a version by id or number; of several revisions it is the
// newest. field is where the caller named it.
func Choose(found []Version, field, name string) (Version, error) {
	for _, v := range found {
		if v.ID.String() == name || v.Version == name {
			return v, nil
		}
	}
	if name == "" {
		return Version{}, fault.In(field, "Say which version to %s, as 1.4.0.", field)
	}
	return Version{}, fault.New(fault.NotFound, "Module %s has no version %.80q. Its newest is %s.", found[0].Module, name, found[0].Version)
}
