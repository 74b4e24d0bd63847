package content_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

// TestProgress has PostgreSQL note what the job tells of itself.
func TestProgress(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	_, err := p.DB.Exec(t.Context(), `
		CREATE TABLE said (n serial, progress text);
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO said (progress) VALUES (new.progress); RETURN new; END $$;
		CREATE TRIGGER note AFTER UPDATE ON outbox FOR EACH ROW WHEN (new.progress <> old.progress) EXECUTE FUNCTION note()`)
	if err != nil {
		t.Fatal(err)
	}
	if s := ended(t, p, begun(t, p, uploaded(t, p, "instrument", "0.1.0", module(t, "testdata/module")))); s.State != queue.Done {
		t.Errorf("the job is %s: %s", s.State, s.Error)
	}
	rows, _ := p.DB.Query(t.Context(), `SELECT progress FROM said ORDER BY n`)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"reading 5 files", "optimising image 1 of 2", "optimising image 2 of 2", "1 of 2 lessons", "2 of 2 lessons", "storing 2 lessons and 3 files"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFaultsEndTheJob lets a worker have a module with faults: it is dead at
// once, and says why.
func TestFaultsEndTheJob(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	edit(t, files, "lessons/airspeed.mdx", "It measures", "<Dial /> measures")
	got := ended(t, p, begun(t, p, uploaded(t, p, "instrument", "0.1.0", files)))
	if got.State != queue.Dead || !strings.HasPrefix(got.Error, "lessons/airspeed.mdx:7:1: ") {
		t.Errorf("the job is %s: %s", got.State, got.Error)
	}
	wantNothing(t, p)
}

// begun adds the job that makes a version of a source.
func begun(t *testing.T, p *platform.Platform, source uuid.UUID) (id uuid.UUID) {
	t.Helper()
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = queue.Add(t.Context(), tx, job.ProcessModule{Source: source})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ended runs a worker until a job has ended.
func ended(t *testing.T, p *platform.Platform, id uuid.UUID) queue.Status {
	t.Helper()
	defer working(p, content.Jobs{DB: p.DB, Images: optimise.Here{}})()
	return until(t, p, id, func(s queue.Status) bool { return s.State == queue.Done || s.State == queue.Dead })
}

// working runs a worker until stop is called.
func working(p *platform.Platform, j content.Jobs) (stop func()) {
	mux := queue.NewMux(job.Content)
	queue.Handle(mux, j.ProcessModule)
	queue.Handle(mux, j.UpdateSearchIndex)
	w := queue.NewWorker(queue.Options{Pool: p.DB, Redis: p.Redis, Channel: platform.WakeChannel, Monitor: p.Monitor, Log: p.Log}, mux)
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return w.Run(ctx) })
	return func() { cancel(); _ = g.Wait() }
}

// until waits for what a job is to come to.
func until(t *testing.T, p *platform.Platform, id uuid.UUID, reached func(queue.Status) bool) queue.Status {
	t.Helper()
	for ; ; time.Sleep(50 * time.Millisecond) {
		s, err := queue.Look(t.Context(), p.DB, id)
		if err != nil {
			t.Fatal(err)
		}
		if reached(s) {
			return s
		}
	}
}
