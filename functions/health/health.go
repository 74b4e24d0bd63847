// Package health tells machines whether this process can work.
//
//	GET /api/health        everything it depends on; Railway asks it at a deploy
//	GET /api/health/live   the process answers; nothing else is asked
//	GET /api/health/ready  PostgreSQL works, its schema fits, and no stop is under way;
//	                       of a worker also: Redis keeps what it takes, and jobs move
//
// Any other method is answered with 405, HEAD too. The web service and the
// worker serve the same three.
package health

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
)

// probeTimeout bounds a probe; requests within probeEvery share one.
const (
	probeTimeout = time.Second
	probeEvery   = time.Second
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, redis: p.Redis, memory: p.Memory, now: p.Now, draining: &p.Draining, more: p.Unready}
	return []web.Route{
		{Method: "GET", Path: "/api/health", Access: web.Public, Handle: getOnly(e.health)},
		{Method: "GET", Path: "/api/health/live", Access: web.Public, Handle: getOnly(e.live)},
		{Method: "GET", Path: "/api/health/ready", Access: web.Public, Handle: getOnly(e.ready)},
	}
}

type endpoint struct {
	db       *db.Pool
	redis    redis.UniversalClient
	memory   *cache.Memory
	now      func() time.Time
	draining *atomic.Bool
	more     func(context.Context) string // what else this process misses
}

// getOnly refuses HEAD, which the host would else answer like GET.
func getOnly(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			return web.JSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "Method not allowed"})
		}
		return h(w, r)
	}
}

// report is the answer of /api/health.
type report struct {
	Status    string   `json:"status"`    // healthy, or degraded when a probe fails
	Timestamp string   `json:"timestamp"` // ISO 8601, UTC
	Services  services `json:"services"`
	Version   string   `json:"version"`
}

type services struct {
	Database string `json:"database"` // healthy or unhealthy
	Redis    string `json:"redis"`
	Memory   memory `json:"memory"`
}

func (e endpoint) health(w http.ResponseWriter, r *http.Request) error {
	s, err := cache.Recall(r.Context(), e.memory, "health", probeEvery, e.probe)
	if err != nil {
		return err
	}
	a := report{Status: "healthy", Timestamp: e.now().UTC().Format("2006-01-02T15:04:05.000Z"), Services: s, Version: platform.Version()}
	status := http.StatusOK
	if s.Database != healthy || s.Redis != healthy {
		a.Status, status = "degraded", http.StatusServiceUnavailable
	}
	return web.JSON(w, status, a)
}

func (e endpoint) live(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, map[string]string{"status": "live"})
}

func (e endpoint) ready(w http.ResponseWriter, r *http.Request) error {
	why, err := "stopping", error(nil)
	if !e.draining.Load() { // which asks nobody
		why, err = cache.Recall(r.Context(), e.memory, "ready", probeEvery, e.unready)
	}
	if err != nil {
		return err
	}
	if why != "" {
		return web.JSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": why})
	}
	return web.JSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// unready returns why this process should get no requests, "" if it should.
func (e endpoint) unready(ctx context.Context) (string, int, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if e.database(ctx) != healthy {
		return "the database does not answer or cannot be written", 0, nil
	}
	at, err := db.Version(ctx, e.db)
	if err != nil || at < migrations.Newest() {
		return "the database's schema is older than this program: run handbook migrate", 0, nil
	}
	return e.more(ctx), 0, nil
}
