// Package metrics tells machines how this process and the whole handbook do,
// in Prometheus's text format.
//
//	GET /metrics  with METRICS_TOKEN as Bearer; without that variable nobody has it
//
// The web service and the worker serve the same one. What concerns the whole
// handbook is asked of PostgreSQL when somebody looks, two seconds at most, and
// is equal in every process: aggregate it by max. While PostgreSQL is away,
// what the process knows itself is told all the same.
package metrics

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/web"
)

// patience bounds what is asked when somebody looks.
const patience = 2 * time.Second

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, redis: p.Redis, monitor: p.Monitor, token: p.Config.MetricsToken.Reveal(), log: p.Log}
	return []web.Route{
		{Method: "GET", Path: "/metrics", Access: web.Signed, Handle: e.show},
	}
}

type endpoint struct {
	db      *db.Pool
	redis   redis.UniversalClient // nil where the process has none
	monitor *monitor.Monitor
	token   string
	log     *slog.Logger
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	if e.token == "" {
		return fault.New(fault.SignedOut, "Metrics are for whoever sends METRICS_TOKEN as a Bearer token, and it is not set here: set it for web and worker.")
	}
	if !e.knows(r) {
		return fault.New(fault.SignedOut, "Metrics are for whoever sends METRICS_TOKEN as a Bearer token.")
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	return e.monitor.Write(w, r, e.look(ctx))
}

// knows compares sums, whose equal length tells nothing of the token.
func (e endpoint) knows(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	given, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(e.token))
	return subtle.ConstantTimeCompare(given[:], want[:]) == 1 && ok
}
