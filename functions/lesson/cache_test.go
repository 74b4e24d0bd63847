package lesson_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pilothandbook/functions/lesson"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/platformtest"
)

func forget(p *platform.Platform) {
	p.Memory.Drop(func(string, any) bool { return true })
}

// TestRedis shows that a process takes a lesson from Redis, does not trust
// what it finds there, and never takes what another build left.
func TestRedis(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	routes := lesson.Routes(p)
	fresh := platformtest.Call(t, p, routes, nil, "GET", freePage, nil)
	withText := p.DB.Stat().AcquireCount()

	forget(p)
	kept := platformtest.Call(t, p, routes, nil, "GET", freePage, nil)
	if kept.Body != fresh.Body || kept.Header.Get("ETag") != fresh.Header.Get("ETag") {
		t.Error("what was kept differs from what was built")
	}
	if n := p.DB.Stat().AcquireCount() - withText; n != 2 {
		t.Errorf("%d queries with the text in Redis, not just version and outline", n)
	}

	keys, err := p.Redis.Keys(t.Context(), cache.Content.Prefix+"*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if err := p.Redis.Set(t.Context(), keys[0], "broken", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	forget(p)
	if got := platformtest.Call(t, p, routes, nil, "GET", freePage, nil); got.Body != fresh.Body {
		t.Errorf("with a broken entry: %d %q", got.Status, got.Body)
	}

	forget(p)
	p.Notice = "Another build"
	if got := platformtest.Call(t, p, lesson.Routes(p), nil, "GET", freePage, nil); !strings.Contains(got.Body, p.Notice) {
		t.Error("another build serves the page of the first")
	}
}

func TestNewVersion(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	routes := lesson.Routes(p)
	old := platformtest.Call(t, p, routes, nil, "GET", freePage, nil)
	next := platformtest.Volume("private_commercial", "Private and Commercial Pilot", 7900, "density-altitude")
	next.Version.Version = "1.1.0"
	next.Lessons[0].HTML = "<p>Corrected.</p>" // under the old checksum, as if it were rendered again
	platformtest.Publish(t, p, next)
	forget(p) // a second passes
	got := platformtest.Call(t, p, routes, nil, "GET", freePage, nil)
	if !strings.Contains(got.Body, "Corrected.") || got.Header.Get("ETag") == old.Header.Get("ETag") {
		t.Error("the new version is not served")
	}
}

// TestOutage reads on while PostgreSQL does not answer.
func TestOutage(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "private_commercial")
	routes := lesson.Routes(p)
	before := platformtest.Call(t, p, routes, ana, "GET", paidPage, nil)
	p.DB.Close(time.Second)
	during := platformtest.Call(t, p, routes, ana, "GET", paidPage, nil)
	if during.Status != http.StatusOK || during.Body != before.Body {
		t.Errorf("status %d", during.Status)
	}
	if got := platformtest.Call(t, p, routes, nil, "GET", paidPage, nil); got.Status == http.StatusOK {
		t.Error("the outage opens lessons")
	}
}

// TestQueries shows that a page asks the same however many lessons there are.
func TestQueries(t *testing.T) {
	t.Parallel()

	count := func(lessons ...string) int64 {
		p := platformtest.New(t)
		platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, lessons...))
		before := p.DB.Stat().AcquireCount()
		got := platformtest.Call(t, p, lesson.Routes(p), nil, "GET", "/modules/instrument/lessons/"+lessons[0], nil)
		if got.Status != http.StatusOK {
			t.Fatal(got.Status)
		}
		return p.DB.Stat().AcquireCount() - before
	}
	few, many := count("a", "b"), count(strings.Split("a b c d e f g h i j k l m n o p q r s t u v w x y z", " ")...)
	if few != many || few != 3 {
		t.Errorf("%d queries for 2 lessons, %d for 26", few, many)
	}
}
