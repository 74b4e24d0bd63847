// Package search finds lessons.
//
//	GET /search?q=      a page with a form, and what was found
//	GET /api/search?q=  the same as JSON
//
// What a reader finds depends on what they may read, so that an answer is kept
// in Redis by the editions searched and the modules that are open to them.
package search

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/search"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// limit leaves room for whoever types fast, as each pause asks anew, and for a
// class that searches behind one address.
var limit = web.Limit{
	Name: "search", Reader: web.Rate{N: 300, Per: time.Minute}, Address: web.Rate{N: 1200, Per: time.Minute}, Total: web.Rate{N: 60_000, Per: time.Minute},
}

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, cache: p.Cache, memory: p.Memory, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/search", Access: web.Public, Handle: e.show, Limit: limit},
		{Method: "GET", Path: "/api/search", Access: web.Public, Handle: e.tell, Limit: limit},
	}
}

type endpoint struct {
	db     *db.Pool
	cache  *cache.Cache
	memory *cache.Memory
	notice string
	page   *reader.Page
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	a, err := e.find(r)
	if err != nil {
		return err
	}
	title := "Search"
	if a.Query != "" {
		title = a.Query + " · Search"
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: title, Notice: e.notice, Data: a})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	a, err := e.find(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, a)
}

func (e endpoint) find(r *http.Request) (search.Answer, error) {
	ctx, typed := r.Context(), r.URL.Query().Get("q")
	if strings.TrimSpace(typed) == "" {
		return search.Answer{Hits: []search.Hit{}}, nil
	}
	in, err := e.editions(ctx)
	if err != nil {
		return search.Answer{}, err
	}
	var opens []string
	if who := access.Of(ctx); who != nil {
		opens = who.Opens
	}
	return cache.Load(ctx, e.cache, cache.Search, key(in, opens, typed), func(ctx context.Context) (search.Answer, error) {
		return search.Find(ctx, e.db, in, opens, typed)
	})
}

// editions asks at most once a second which versions are active.
func (e endpoint) editions(ctx context.Context) ([]search.Edition, error) {
	return cache.Recall(ctx, e.memory, "editions", time.Second, func(ctx context.Context) ([]search.Edition, int, error) {
		in, err := search.Editions(ctx, e.db)
		return in, 1024, err
	})
}

// key names all that an answer depends on.
func key(in []search.Edition, opens []string, typed string) string {
	h := sha256.New()
	for _, e := range in {
		h.Write([]byte(e.Checksum + e.ID.String() + "\x00"))
	}
	h.Write([]byte("\x00" + strings.Join(opens, " ") + "\x00" + typed))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
