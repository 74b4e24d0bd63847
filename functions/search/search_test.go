package search_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	functionsearch "pilothandbook/functions/search"
	"pilothandbook/handbook/search"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

// open publishes the shelf and indexes it.
func open(t *testing.T) *platform.Platform {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	index(t, p)
	return p
}

// index does what the job does for each version.
func index(t *testing.T, p *platform.Platform) {
	t.Helper()
	for _, id := range strings.Fields(platformtest.Text(t, p, `SELECT string_agg(id::text, ' ') FROM content_versions`)) {
		if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { _, err := search.Index(t.Context(), tx, uuid.MustParse(id)); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()

	p := open(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "private_commercial")
	for _, tc := range []struct {
		golden, path string
		who          *platformtest.User
	}{
		{"empty.txt", "/search", nil},
		{"nobody.txt", "/search?q=words", nil},
		{"owner.txt", "/search?q=words", ana},
		{"typo.txt", "/search?q=wrods", nil},
		{"against.txt", "/search?q=-words", nil},
		{"nothing.txt", "/search?q=%3Cb%3Ehelicopter", nil},
	} {
		_, doc := platformtest.Page(t, p, functionsearch.Routes(p), tc.who, tc.path)
		platformtest.Golden(t, tc.golden, platformtest.Gist(doc))
	}
}

// TestCanary: neither an answer nor one that is kept for others tells what must
// be bought.
func TestCanary(t *testing.T) {
	t.Parallel()

	p := open(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	ben := platformtest.Learner(t, p, "ben@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	for _, path := range []string{"/api/search?q=canary", "/search?q=" + platformtest.Canary, "/api/search?q=paid+lessons"} {
		if got := platformtest.Call(t, p, functionsearch.Routes(p), ana, "GET", path, nil); !strings.Contains(got.Body, "canary") || !strings.Contains(got.Body, "weight-and-balance") {
			t.Errorf("%s for the owner: %s", path, got.Body)
		}
		for _, who := range []*platformtest.User{nil, ben} {
			got := platformtest.Call(t, p, functionsearch.Routes(p), who, "GET", path, nil)
			found := strings.ReplaceAll(got.Body, platformtest.Canary, "") // the question itself
			if strings.Contains(path, "paid") {
				found = got.Body
			}
			if got.Status != 200 || strings.Contains(found, "Words of weight-and-balance") || !strings.Contains(found, "weight-and-balance") {
				t.Errorf("%s: %d %s", path, got.Status, got.Body)
			}
		}
	}
}

// TestBought: an answer that was kept counts no longer once its asker owns more.
func TestBought(t *testing.T) {
	t.Parallel()

	p := open(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	ask := func() string {
		return platformtest.Call(t, p, functionsearch.Routes(p), ana, "GET", "/api/search?q=weight", nil).Body
	}
	before := ask()
	platformtest.Grant(t, p, ana, "private_commercial")
	if after := ask(); strings.Contains(before, `"open":true`) || !strings.Contains(after, `"open":true`) {
		t.Errorf("before %s, after %s", before, after)
	}
	platformtest.Revoke(t, p, ana, "private_commercial")
	if after := ask(); after != before {
		t.Errorf("after the refund %s", after)
	}
}

// TestNotIndexedYet: an answer from before a version was indexed is not kept
// for after.
func TestNotIndexedYet(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ask := func() bool {
		got := platformtest.Call(t, p, functionsearch.Routes(p), nil, "GET", "/api/search?q=holding", nil)
		return strings.Contains(got.Body, "/lessons/holding") || strings.Contains(got.Body, `"lesson":"holding"`)
	}
	if ask() {
		t.Fatal("found before it was indexed")
	}
	index(t, p)
	for end := time.Now().Add(20 * time.Second); !ask(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not found after it was indexed")
		}
	}
}
