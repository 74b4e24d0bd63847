package versions

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// publication is one that is under way or has failed, or what failed to be made
// of its version afterwards.
type publication struct {
	ID      uuid.UUID `json:"id"`
	Version string    `json:"version"`
	What    string    `json:"what"` // publication, search index or offline package
	Failed  bool      `json:"failed"`
	Text    string    `json:"text"` // how far it is, or a line for each fault
	At      time.Time `json:"at"`
}

// pending returns the publications of a module that are under way, and those
// that failed and were not made since; of the search indexes and offline
// packages of its versions only what failed, as each publication makes them.
func pending(ctx context.Context, q db.Querier, module string) ([]publication, error) {
	rows, err := q.Query(ctx, `
		SELECT o.id, o.version, o.what, o.state = 'dead', CASE WHEN o.error <> '' THEN o.error ELSE o.progress END, coalesce(o.finished_at, o.created_at)
		FROM (
			SELECT o.id, s.version, 'publication' AS what, o.state, o.error, o.progress, o.finished_at, o.created_at
			FROM outbox o
			JOIN sources s ON s.id::text = o.payload->>'source'
			WHERE o.kind = $2 AND s.module_key = $1
			  AND NOT EXISTS (SELECT FROM content_versions v WHERE v.module_id = s.module_key AND v.version = s.version AND v.release_date > o.created_at)
			UNION ALL
			SELECT o.id, v.version, CASE o.kind WHEN $3 THEN 'search index' ELSE 'offline package' END, o.state, o.error, o.progress, o.finished_at, o.created_at
			FROM outbox o
			JOIN content_versions v ON v.id::text = o.payload->>'version'
			WHERE o.state = 'dead' AND o.kind IN ($3, $4) AND v.module_id = $1
			  AND NOT EXISTS (SELECT FROM packages p WHERE o.kind = $4 AND p.version_id = v.id AND p.created_at > o.created_at)
		) o
		WHERE o.state = 'dead' OR o.state = 'waiting' OR o.state IN ('queued', 'running')
		ORDER BY o.id DESC
		LIMIT 10`, module, (job.ProcessModule{}).Job().Kind, (job.UpdateSearchIndex{}).Job().Kind, (job.GenerateOfflinePackage{}).Job().Kind)
	if err != nil {
		return nil, fmt.Errorf("publications of %q: %w", module, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[publication])
}

// edition is a version with what a page tells beside it.
type edition struct {
	version.Version
	Lessons int
	Size    int64  // bytes
	Author  string // address, "" if the account is gone
}

// MiB writes the size as people read it.
func (e edition) MiB() string { return fmt.Sprintf("%.1f MiB", float64(e.Size)/(1<<20)) }

// view is the page.
type view struct {
	Module   string
	Editions []edition
	Active   *edition // nil if none is
	Pending  []publication
	Done     string // what was just done
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	v := view{Module: web.Param(r, "module"), Done: r.URL.Query().Get("done")}
	var err error
	if v.Pending, err = pending(r.Context(), e.db, v.Module); err != nil {
		return err
	}
	if v.Editions, err = editions(r.Context(), e.db, v.Module); err != nil {
		return err
	}
	if len(v.Editions) == 0 && len(v.Pending) == 0 {
		return fault.New(fault.NotFound, "Nothing of a module %.80q is published yet. `handbook publish` does it.", v.Module)
	}
	if i := slices.IndexFunc(v.Editions, func(e edition) bool { return e.Active }); i >= 0 {
		v.Active = &v.Editions[i]
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "Versions of " + v.Module, Notice: e.notice, Data: v})
}

func editions(ctx context.Context, q db.Querier, module string) ([]edition, error) {
	rows, err := q.Query(ctx, `
		SELECT v.id, v.module_id, v.version, v.revision, v.checksum, v.release_date, coalesce(v.changelog, ''), v.is_active, v.title, v.summary, v.includes,
		       (SELECT count(*) FROM lessons l WHERE l.version_id = v.id), v.size, coalesce(u.email, '')
		FROM content_versions v
		JOIN sources s ON s.id = v.source_id
		LEFT JOIN users u ON u.id = s.author_id
		WHERE v.module_id = $1
		ORDER BY v.release_date DESC, v.id DESC`, module)
	if err != nil {
		return nil, fmt.Errorf("versions of %q: %w", module, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[edition])
}

// question is what is asked before readers lose something.
type question struct {
	version.Version
	Older bool
	Lost  []string
}

func (e endpoint) act(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	ctx, module := r.Context(), web.Param(r, "module")
	found, err := version.All(ctx, e.db, module)
	if err != nil {
		return err
	}
	v, err := version.Choose(found, "activate", r.PostFormValue("version"))
	if err != nil {
		return err
	}
	done := r.PostFormValue("do")
	switch done {
	case "reprocess":
		_, err = e.reprocess(ctx, v)
	case "activate":
		q := question{Version: v, Older: older(found, v) != ""}
		if q.Lost, err = lost(ctx, e.db, v); err != nil {
			return err
		}
		if (q.Older || len(q.Lost) > 0) && r.PostFormValue("sure") == "" {
			return e.ask.Show(w, r, http.StatusOK, reader.View{Title: "Activate " + v.Version + "?", Notice: e.notice, Data: q})
		}
		_, err = e.activate(ctx, v)
	default:
		err = fault.In("do", "A version is activated or reprocessed. Please use one of the buttons.")
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/versions/"+module+"?done="+done)
}
