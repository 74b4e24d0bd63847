package functions_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"pilothandbook/platform/platformtest"
)

// crawl is a walk through all that one role can find.
type crawl struct {
	w     *world
	role  string
	todo  []string
	known map[string]bool
	tags  []string        // of answers that the owner got
	paid  map[string]bool // what only the owner may read
}

func (c *crawl) add(paths ...string) {
	for _, p := range paths {
		if !c.known[p] {
			c.known[p] = true
			c.todo = append(c.todo, p)
		}
	}
}

// TestCanaries looks for the sentences and figures of lessons that must be
// bought in every answer that others get: pages and JSON, whole, compressed,
// in part, not modified, and refused. The owner has read all of it before, so
// that every cache is full.
func TestCanaries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	mine := &crawl{w: w, role: owner, known: map[string]bool{}, paid: map[string]bool{}}
	found := mine.run(t)
	if found < 3 {
		t.Fatalf("the owner found %d pages and figures with what was bought", found)
	}
	platformtest.Grant(t, w.p, w.people[other], "private_commercial") // has bought, but something else
	for _, role := range []string{anonymous, other, refunded, author, token} {
		theirs := &crawl{w: w, role: role, known: map[string]bool{}, tags: mine.tags, paid: mine.paid}
		theirs.add(mine.all()...)
		theirs.run(t)
	}
}

// all returns what was visited, wherever it was found.
func (c *crawl) all() []string {
	var paths []string
	for p := range c.known {
		paths = append(paths, p)
	}
	return paths
}

// run begins at every route, follows the links of pages, and returns how many
// answers had a canary; whoever is not the owner must not see one, except in
// the module that was granted.
func (c *crawl) run(t *testing.T) (found int) {
	t.Helper()
	for _, route := range c.w.routes {
		if !changes(route) {
			c.add(c.w.path(t, route))
		}
	}
	c.add("/search?q=words", "/api/search?q=words") // where there is a search, its excerpts
	for len(c.todo) > 0 {
		path := c.todo[0]
		c.todo = c.todo[1:]
		if c.visit(t, path) {
			found++
		}
	}
	return found
}

// visit asks for a path in many ways and reports whether one answer had a
// canary.
func (c *crawl) visit(t *testing.T, path string) (has bool) {
	t.Helper()
	ways := []func(*http.Request){
		header(), header("Accept", "application/json"), header("Accept-Encoding", "gzip"), header("Accept-Encoding", "br"), header("Range", "bytes=0-5000"),
		header("If-None-Match", strings.Join(c.tags, ", ")), header("If-None-Match", "*"), header("Sec-Purpose", "prefetch"),
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		for _, way := range ways {
			if method == http.MethodPost && c.role == owner {
				continue // who would sign out
			}
			r := c.w.request(t, c.role, method, path, form(""))
			way(r)
			got := c.w.send(t, r)
			body := plain(t, got)
			if tag := got.Header.Get("ETag"); tag != "" && c.role == owner {
				c.tags = append(c.tags, tag)
			}
			for _, link := range platformtest.Links(platformtest.Parse(t, body)) {
				if to, ok := strings.CutPrefix(link, "GET "); ok {
					c.add(to)
				}
			}
			closed := c.role != owner && c.paid[path] && !strings.Contains(path, "/search")
			if closed && got.Status < 400 || leaks(got, body) {
				has = true
				c.judge(t, r, got)
			}
		}
	}
	return has
}

// leaks reports whether an answer has something of a lesson that must be
// bought.
func leaks(got platformtest.Answer, body string) bool {
	for _, values := range got.Header {
		if strings.Contains(strings.Join(values, ""), platformtest.Canary) {
			return true
		}
	}
	return strings.Contains(body, platformtest.Canary)
}

func (c *crawl) judge(t *testing.T, r *http.Request, got platformtest.Answer) {
	t.Helper()
	if c.role == owner {
		c.paid[r.URL.Path] = true
	}
	bought := c.role == owner && !strings.Contains(r.URL.Path, "private_commercial") ||
		c.role == other && strings.Contains(r.URL.Path, "private_commercial") || previews(c.role, r.URL.Path)
	if !bought {
		t.Errorf("%s reads what was not bought by %s %s, %v: %d", c.role, r.Method, r.URL, r.Header, got.Status)
	}
}

// plain returns a body as it was before it was compressed.
func plain(t *testing.T, got platformtest.Answer) string {
	t.Helper()
	var in io.Reader = strings.NewReader(got.Body)
	switch encoding := got.Header.Get("Content-Encoding"); {
	case got.Body == "":
	case encoding == "br":
		in = brotli.NewReader(in)
	case encoding == "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		in = z
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
