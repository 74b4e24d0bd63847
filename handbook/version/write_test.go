package version_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

// publication is a version of a module with two lessons, made of a source of
// its own. The lessons' ids begin with the module's key.
func publication(t *testing.T, p *platform.Platform, module, number string) version.Publication {
	t.Helper()
	s := source.Source{Module: module, Version: number, Files: []source.File{{Path: module + number}}}
	id, err := source.Keep(t.Context(), p.DB, s, platformtest.Operator(t, p).ID)
	if err != nil {
		t.Fatal(err)
	}
	out := version.Publication{
		Version:  version.Version{Module: module, Version: number, Title: "Title " + number, Checksum: "sum"},
		SourceID: id, Digest: s.Digest(), Price: 4900, Currency: "usd",
	}
	for _, name := range []string{"first", "second"} {
		out.Lessons = append(out.Lessons, version.Lesson{Head: version.Head{
			ID: strings.ReplaceAll(module, "_", "-") + "-" + name, Title: name, Dated: time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC),
		}})
	}
	return out
}

func insert(ctx context.Context, p *platform.Platform, pub version.Publication) (v version.Version, err error) {
	err = db.Tx(ctx, p.DB, func(tx pgx.Tx) error {
		v, err = version.Insert(ctx, tx, pub)
		return err
	})
	return v, err
}

func activate(ctx context.Context, p *platform.Platform, id uuid.UUID) error {
	return db.Tx(ctx, p.DB, func(tx pgx.Tx) error { return version.Activate(ctx, tx, id, uuid.Nil) })
}

func TestInsert(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	pub := publication(t, p, "instrument", "1.0.0")
	v, err := insert(t.Context(), p, pub)
	if err != nil {
		t.Fatal(err)
	}
	if v.Revision != 1 || v.Active || v.Released.IsZero() {
		t.Errorf("inserted %+v, want revision 1, not active, with a date", v)
	}
	again, err := insert(t.Context(), p, pub)
	if err != nil || again.ID != v.ID {
		t.Errorf("the same source became %s, %v; want %s", again.ID, err, v.ID)
	}
	pub.Digest = []byte("another")
	if _, err := insert(t.Context(), p, pub); !fault.Is(err, fault.Conflict) {
		t.Errorf("another source of the same version gave %v, want a conflict", err)
	}
}

func TestLessonBelongsToOneModule(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	if _, err := insert(t.Context(), p, publication(t, p, "instrument", "1.0.0")); err != nil {
		t.Fatal(err)
	}
	thief := publication(t, p, "private_commercial", "1.0.0")
	thief.Lessons[1].ID = "instrument-second"
	taken, err := version.Taken(t.Context(), p.DB, "private_commercial", []string{"instrument-second", "nobodys"})
	if err != nil || len(taken) != 1 || taken["instrument-second"] != "instrument" {
		t.Errorf("taken are %v, %v", taken, err)
	}
	if _, err := insert(t.Context(), p, thief); err == nil {
		t.Error("a lesson of another module was inserted")
	}
	var modules int
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM modules`).Scan(&modules); err != nil || modules != 1 {
		t.Errorf("%d modules, %v; want 1", modules, err)
	}
}

func TestActivateUnknown(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	if err := activate(t.Context(), p, uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

// TestActivateAtOnce has versions activated from several sides: all succeed,
// and one is active.
func TestActivateAtOnce(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	var ids []uuid.UUID
	for i := range 3 {
		v, err := insert(t.Context(), p, publication(t, p, "instrument", "1.0."+strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, v.ID)
	}
	var g errgroup.Group
	for i := range 3 {
		g.Go(func() error {
			for k := range 10 {
				if err := activate(t.Context(), p, ids[(i+k)%len(ids)]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	var active int
	var same bool
	err := p.DB.QueryRow(t.Context(), `
		SELECT count(*), bool_and(m.title = v.title)
		FROM content_versions v
		JOIN modules m ON m.key = v.module_id
		WHERE v.is_active`).Scan(&active, &same)
	if err != nil || active != 1 || !same {
		t.Errorf("%d active versions, the module has its title: %t, %v", active, same, err)
	}
}
