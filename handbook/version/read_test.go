package version_test

import (
	"strings"
	"testing"
	"time"

	"pilothandbook/handbook/version"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

func TestActive(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	now := time.Now()
	memory := cache.NewMemory(1<<20, func() time.Time { return now })

	v, err := version.Active(t.Context(), memory, p.DB, "instrument")
	if err != nil || v.Module != "instrument" || v.Version != "1.0.0" || !v.Active {
		t.Fatal(v, err)
	}
	before := p.DB.Stat().AcquireCount()
	if again, err := version.Active(t.Context(), memory, p.DB, "instrument"); err != nil || again != v {
		t.Error(again, err)
	}
	if n := p.DB.Stat().AcquireCount() - before; n != 0 {
		t.Errorf("%d queries within the second", n)
	}
	for _, module := range []string{"", "nope", "in\x00strument", "\xff", "Instrument", strings.Repeat("a", 101)} {
		if _, err := version.Active(t.Context(), memory, p.DB, module); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", module, err)
		}
	}

	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding")
	next.Version.Version = "1.1.0"
	platformtest.Publish(t, p, next)
	now = now.Add(time.Second)
	if v, err := version.Active(t.Context(), memory, p.DB, "instrument"); err != nil || v.Version != "1.1.0" {
		t.Error(v, err)
	}

	p.DB.Close(time.Second)
	now = now.Add(time.Hour)
	if v, err := version.Active(t.Context(), memory, p.DB, "instrument"); err != nil || v.Version != "1.1.0" {
		t.Errorf("while PostgreSQL is away: %v, %v", v, err)
	}
	if _, err := version.Active(t.Context(), memory, p.DB, "private_commercial"); err == nil || fault.Is(err, fault.NotFound) {
		t.Errorf("one never seen, while PostgreSQL is away: %v", err)
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	empty, err := version.Catalogue(t.Context(), p.DB)
	if err != nil || len(empty) != 0 {
		t.Fatal(empty, err)
	}
	platformtest.Shelf(t, p)
	all, err := version.Catalogue(t.Context(), p.DB)
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for i, want := range []struct {
		module, preview string
		price, lessons  int
	}{
		{"private_commercial", "density-altitude", 7900, 2},
		{"instrument", "holding", 5900, 2},
		{"bundle", "", 11900, 0},
	} {
		o := all[i]
		if o.Module != want.module || o.Preview != want.preview || o.Price != want.price || o.Lessons != want.lessons {
			t.Errorf("got %+v, want %+v", o, want)
		}
	}
	if b := version.Bundle(all, "instrument"); b == nil || b.Module != "bundle" {
		t.Error(b)
	}
	if b := version.Bundle(all, "bundle"); b != nil {
		t.Error(b)
	}
	if _, err := version.In(all, "nope"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func TestReadLesson(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	v, err := version.Active(t.Context(), p.Memory, p.DB, "private_commercial")
	if err != nil {
		t.Fatal(err)
	}
	heads, err := version.Outline(t.Context(), p.DB, v.ID)
	if err != nil || len(heads) != 2 || heads[0].ID != "density-altitude" || heads[1].Minutes() != 5 {
		t.Fatal(heads, err)
	}
	l, err := version.ReadLesson(t.Context(), p.DB, v.ID, "weight-and-balance")
	if err != nil || !strings.Contains(l.HTML, platformtest.Canary) || len(l.Sources) != 1 || len(l.Headings) != 1 || l.Preview {
		t.Error(l, err)
	}
	if _, err := version.ReadLesson(t.Context(), p.DB, v.ID, "nope"); err == nil {
		t.Error("a lesson that is not there was read")
	}
}
