package learning_test

import (
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/progress"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/learning"
)

// sync does what waits for readers' progress.
func sync(t *testing.T, p *platform.Platform, active uuid.UUID) {
	t.Helper()
	jobs := learning.Jobs{DB: p.DB, Cache: p.Cache}
	if err := jobs.SyncReaders(t.Context(), job.SyncReaders{Version: active}); err != nil {
		t.Fatal(err)
	}
	for {
		var id uuid.UUID
		var a job.SyncProgress
		err := p.DB.QueryRow(t.Context(), `DELETE FROM outbox WHERE id = (SELECT id FROM outbox WHERE kind = 'sync-progress' LIMIT 1) RETURNING id, payload`).Scan(&id, &a)
		if err != nil {
			return
		}
		if err := jobs.SyncProgress(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

// What was learned under a lesson's former ids counts under the one it has:
// over several versions, when a device tells of it late, and after a roll back.
func TestProgressMovesAlong(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	first := platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor"))
	record(t, p, ana, "vor", progress.Finish)
	next := func(number, id, from string) version.Version {
		v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", id)
		v.Version.Version, v.Former = number, []version.Former{{ID: from, Moved: id}}
		return platformtest.Publish(t, p, v)
	}
	second := next("2.0.0", "radials", "vor")
	if n := done(t, p, ana); n != 0 {
		t.Fatalf("%d lessons are done before", n)
	}
	sync(t, p, second.ID)
	third := next("3.0.0", "tracking", "radials")
	record(t, p, ben, "vor", progress.Finish) // of a device with the first version
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox WHERE kind = 'sync-progress'`); n != "1" {
		t.Errorf("%s jobs follow what a device tells late, want 1", n)
	}
	sync(t, p, third.ID)
	if a, b := done(t, p, ana), done(t, p, ben); a != 1 || b != 1 {
		t.Errorf("ana has done %d, ben %d, want 1 each", a, b)
	}
	if n := platformtest.Text(t, p, `SELECT count(DISTINCT (completed, last_access, active))::text FROM progress WHERE user_id = '`+ana.ID.String()+`'`); n != "1" {
		t.Errorf("the ids of one lesson have %s states", n)
	}
	sync(t, p, third.ID)
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox WHERE kind = 'sync-progress'`); n != "0" {
		t.Errorf("%s readers are still behind", n)
	}
	cleo := platformtest.Learner(t, p, "cleo@example.com")
	record(t, p, cleo, "tracking", progress.Finish)
	platformtest.Exec(t, p, `UPDATE content_versions SET is_active = false WHERE is_active`)
	platformtest.Exec(t, p, `UPDATE content_versions SET is_active = true WHERE id = '`+first.ID.String()+`'`)
	sync(t, p, first.ID)
	if n := done(t, p, cleo); n != 1 {
		t.Errorf("after the roll back cleo has done %d, want 1", n)
	}
}
