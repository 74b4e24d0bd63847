// Package progress tells readers what they have read.
//
//	GET /api/progress/:module   my progress in one module, lesson by lesson
package progress

import (
	"net/http"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
)

// Routes returns the function, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, cache: p.Cache}
	return []web.Route{{Method: http.MethodGet, Path: "/api/progress/:module", Handle: e.show}}
}

type endpoint struct {
	db    *db.Pool
	cache *cache.Cache
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	m, err := progress.Latest(r.Context(), e.db, e.cache, access.User(r.Context()), web.Param(r, "module"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, m)
}
