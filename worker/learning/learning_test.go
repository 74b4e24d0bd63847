package learning_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/learning"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// record stores an event of a reader, as a device sends it.
func record(t *testing.T, p *platform.Platform, who *platformtest.User, lesson, kind string) {
	t.Helper()
	event := fmt.Sprintf(`{"id":%q,"lesson":%q,"kind":%q,"at":%q}`, uuid.NewString(), lesson, kind, time.Now().UTC().Format(time.RFC3339))
	results, _, err := progress.Record(t.Context(), p.DB, progress.Batch{User: who.ID, Received: time.Now(), Events: []json.RawMessage{[]byte(event)}})
	if err != nil || results[0].Result != progress.Stored {
		t.Fatalf("event %s: %+v, %v", event, results, err)
	}
}

func done(t *testing.T, p *platform.Platform, who *platformtest.User) int {
	t.Helper()
	m, err := progress.Of(t.Context(), p.DB, who.ID, "instrument")
	if err != nil {
		t.Fatal(err)
	}
	return m.Done
}

// What was read before its lessons were published counts once they are.
func TestSyncReaders(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	jobs := learning.Jobs{DB: p.DB, Cache: p.Cache}
	ana, ben, cleo := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com"), platformtest.Learner(t, p, "cleo@example.com")
	record(t, p, ana, "holding", progress.Finish)
	record(t, p, ana, "vor-and-hsi", progress.Finish)
	record(t, p, ben, "of-no-module", progress.Finish)
	record(t, p, cleo, "holding", "a kind that does not count")
	v := platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi"))
	if n := done(t, p, ana); n != 0 {
		t.Fatalf("%d lessons are done before", n)
	}
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM outbox`); err != nil {
		t.Fatal(err)
	}
	if err := jobs.SyncReaders(t.Context(), job.SyncReaders{Version: v.ID}); err != nil {
		t.Fatal(err)
	}
	var kind string
	var a job.SyncProgress
	if err := p.DB.QueryRow(t.Context(), `SELECT min(kind), jsonb_agg(payload)->0 FROM outbox HAVING count(*) = 1`).Scan(&kind, &a); err != nil {
		t.Fatal(err)
	}
	if kind != "sync-progress" || a.User != ana.ID {
		t.Errorf("added %s for %s, want ana's", kind, a.User)
	}
	for range 2 { // it may run twice
		if err := jobs.SyncProgress(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if n := done(t, p, ana); n != 2 {
		t.Errorf("%d lessons are done, want 2", n)
	}
	// Now nobody is behind.
	if err := jobs.SyncReaders(t.Context(), job.SyncReaders{Version: v.ID}); err != nil {
		t.Fatal(err)
	}
	var added int
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM outbox`).Scan(&added); err != nil || added != 1 {
		t.Errorf("%d jobs, %v; want no further one", added, err)
	}
}

func TestSyncProgressOfNobody(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	if err := (learning.Jobs{DB: p.DB}).SyncProgress(t.Context(), job.SyncProgress{User: uuid.New()}); err != nil {
		t.Error(err)
	}
}

// The cache holds the progress that was made anew.
func TestSyncProgressIsCached(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Shelf(t, p)
	record(t, p, ana, "holding", progress.Finish)
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM progress`); err != nil {
		t.Fatal(err)
	}
	if err := (learning.Jobs{DB: p.DB, Cache: p.Cache}).SyncProgress(t.Context(), job.SyncProgress{User: ana.ID}); err != nil {
		t.Fatal(err)
	}
	p.DB.Close(0)
	m, err := progress.Latest(t.Context(), p.DB, p.Cache, ana.ID, "instrument")
	if err != nil || m.Done != 1 {
		t.Errorf("from the cache: %+v, %v", m, err)
	}
}
