// Package queues shows operators what Redis carries at this moment, by asynq's
// own page, asynqmon. Nothing here changes anything; which jobs there are, and
// what becomes of them, PostgreSQL knows (functions/jobs).
//
//	GET /admin/queues/*path   the page, its scripts, and what it asks for
//
// The page comes with scripts and styles in it. A nonce of each answer lets
// these and no others run; all that the page asks of other sites is left out.
package queues

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"sync"

	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"

	"pilothandbook/platform"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// home is below which the page and all it asks for is.
const home = "/admin/queues"

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{sync.OnceValue(func() http.Handler { // a list of routes needs no Redis
		return asynqmon.New(asynqmon.Options{RootPath: home, RedisConnOpt: shared{p.Redis}, ReadOnly: true})
	})}
	return []web.Route{{Method: "GET", Path: home + "/*path", Access: web.Operator, Handle: e.show, Needs: []string{"REDIS_URL"}}}
}

type endpoint struct{ monitor func() http.Handler }

// absent is what asynqmon says, as of a fault of its own, of a queue that is not
// there: a page that was left open asks for one once Redis has been emptied.
var absent = regexp.MustCompile(`queue "[^"]*" does not exist`)

// shared has asynqmon use the connections of the process.
type shared struct{ client redis.UniversalClient }

// MakeRedisClient is what asynq asks for.
func (s shared) MakeRedisClient() any { return s.client }

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	a := answer{header: http.Header{}, status: http.StatusOK}
	e.monitor().ServeHTTP(&a, r)
	if a.status >= http.StatusInternalServerError && absent.Match(a.body.Bytes()) {
		return fault.New(fault.NotFound, "Redis carries no such queue now. Those that it carries are at /admin/queues/, all jobs at /admin/jobs.")
	}
	if a.status >= http.StatusInternalServerError {
		return fault.New(fault.Unavailable, "Redis does not tell what it carries. Nothing is lost: the jobs themselves are at /admin/jobs.").
			Because(fmt.Errorf("asynqmon: %d %s", a.status, a.body.Bytes()))
	}
	body, kind := a.body.Bytes(), a.header.Get("Content-Type")
	switch {
	case bytes.HasPrefix(body, []byte("<!doctype html>")):
		nonce := rand.Text()
		w.Header().Set("Content-Security-Policy", policy(nonce))
		body, kind = own(body, nonce), "text/html; charset=utf-8"
	case kind == "":
		kind = "application/json"
	}
	return web.Bytes(w, a.status, kind, body)
}

// policy lets a page load this site's own, and what stands in it with a nonce.
func policy(nonce string) string {
	return "default-src 'self'; script-src 'self' 'nonce-" + nonce + "'; style-src 'self' 'nonce-" + nonce + "'; " +
		"object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
}

// elsewhere is what the page would load from other sites: fonts.
var elsewhere = regexp.MustCompile(`<link[^>]* href="https://[^>]*>`)

// own returns the page without what is elsewhere, its scripts with the nonce.
// The styles that they make find it in the element meta.
func own(page []byte, nonce string) []byte {
	page = elsewhere.ReplaceAll(page, nil)
	page = bytes.ReplaceAll(page, []byte("<script>"), []byte(`<script nonce="`+nonce+`">`))
	return bytes.Replace(page, []byte("<head>"), []byte(`<head><meta name="referrer" content="no-referrer"><meta property="csp-nonce" content="`+nonce+`">`), 1)
}

// answer takes what asynqmon writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
