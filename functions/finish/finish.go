// Package finish marks a lesson as done, without a script.
//
//	POST /modules/:module/lessons/:lesson/finish   form: next (where to go then)
//
// Without next the reader goes on to the next lesson, and from the last one
// to the module.
package finish

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/progress"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Routes returns the function, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, cache: p.Cache, gate: access.NewGate(p), now: p.Now}
	return []web.Route{{Method: http.MethodPost, Path: "/modules/:module/lessons/:lesson/finish", Handle: e.finish}}
}

type endpoint struct {
	db    *db.Pool
	cache *cache.Cache
	gate  access.Gate
	now   func() time.Time
}

func (e endpoint) finish(w http.ResponseWriter, r *http.Request) error {
	module, lesson := web.Param(r, "module"), web.Param(r, "lesson")
	if err := web.Form(w, r); err != nil {
		return err
	}
	next, err := e.readable(r.Context(), module, lesson)
	if fault.Is(err, fault.NotFound) { // a page of a former version may be open
		var moved string
		if moved, _, err = version.Successor(r.Context(), e.db, module, lesson); err == nil {
			lesson = cmp.Or(moved, lesson)
			next, err = e.readable(r.Context(), module, lesson)
		}
	}
	if err != nil {
		return err
	}
	if err := e.record(r.Context(), lesson); err != nil {
		return err
	}
	return web.SeeOther(w, r, web.LocalPath(cmp.Or(r.PostFormValue("next"), next)))
}

// readable returns where a lesson leads, if the reader may read it.
func (e endpoint) readable(ctx context.Context, module, lesson string) (next string, err error) {
	var preview bool
	var following string
	err = e.db.QueryRow(ctx, `
		SELECT l.preview, coalesce((
			SELECT n.lesson_id
			FROM lessons n
			WHERE n.version_id = l.version_id AND n.position > l.position
			ORDER BY n.position
			LIMIT 1), '')
		FROM content_versions v
		JOIN lessons l ON l.version_id = v.id
		WHERE v.module_id = $1 AND v.is_active AND l.lesson_id = $2`, module, lesson).Scan(&preview, &following)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.New(fault.NotFound, "There is no such lesson in this module. Its page lists those that it has.")
	}
	if err != nil {
		return "", fmt.Errorf("lesson %q of %q: %w", lesson, module, err)
	}
	opens, err := e.gate.Opens(ctx, module)
	if err != nil {
		return "", err
	}
	if !preview && !opens {
		return "", fault.New(fault.Unpaid, "This lesson is part of a module that you do not have. You can buy it on the module's page.")
	}
	if following == "" {
		return "/modules/" + module, nil
	}
	return "/modules/" + module + "/lessons/" + following, nil
}

// record stores the event as a device would tell it, under an id of ours.
func (e endpoint) record(ctx context.Context, lesson string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	now := e.now()
	event, err := json.Marshal(map[string]string{
		"id": id.String(), "lesson": lesson, "kind": progress.Finish, "at": now.UTC().Format(time.RFC3339Nano),
	})
	if err != nil {
		return err
	}
	user := access.User(ctx)
	results, modules, err := progress.Record(ctx, e.db, progress.Batch{
		User: user, Device: "form", Received: now, Events: []json.RawMessage{event},
	})
	if err != nil {
		return err
	}
	if results[0].Result != progress.Stored {
		return fmt.Errorf("finish %q of %s: %+v", lesson, user, results[0])
	}
	progress.Keep(ctx, e.db, e.cache, user, modules)
	return nil
}
