package versions

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/reader"
)

// standing is a module of which something was published, or was to be.
type standing struct {
	Key    string
	Active string // the version that readers have, "" if none is
	Title  string // of that version
}

func (e endpoint) index(w http.ResponseWriter, r *http.Request) error {
	all, err := modules(r.Context(), e.db)
	if err != nil {
		return err
	}
	return e.modules.Show(w, r, http.StatusOK, reader.View{Title: "Versions", Notice: e.notice, Data: all})
}

func modules(ctx context.Context, q db.Querier) ([]standing, error) {
	rows, err := q.Query(ctx, `
		SELECT s.module_key, coalesce(v.version, ''), coalesce(v.title, '')
		FROM (SELECT DISTINCT module_key FROM sources) s
		LEFT JOIN content_versions v ON v.module_id = s.module_key AND v.is_active
		ORDER BY s.module_key`)
	if err != nil {
		return nil, fmt.Errorf("modules with versions: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[standing])
}
