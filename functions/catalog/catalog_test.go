package catalog_test

import (
	"strings"
	"testing"

	"pilothandbook/functions/catalog"
	"pilothandbook/platform/platformtest"
)

func TestShow(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Bought(t, p, ana, "instrument")
	bob := platformtest.Learner(t, p, "bob@example.com")
	platformtest.Grant(t, p, bob, "bundle")
	cy := platformtest.Learner(t, p, "cy@example.com")
	platformtest.Grant(t, p, cy, "instrument")
	platformtest.Grant(t, p, cy, "private_commercial")
	for _, tc := range []struct {
		golden string
		who    *platformtest.User
		owned  int // badges of modules
	}{
		{"nobody.txt", nil, 0}, {"one-module.txt", ana, 1}, {"bundle.txt", bob, 3}, {"both-modules.txt", cy, 3},
	} {
		got, doc := platformtest.Page(t, p, catalog.Routes(p), tc.who, "/")
		platformtest.Golden(t, tc.golden, platformtest.Gist(doc))
		if n := doc.Find(".card > p > .badge.good").Not(".price .badge").Length(); n != tc.owned {
			t.Errorf("%s: %d owned", tc.golden, n)
		}
		if got.Header.Get("Cache-Control") != "no-store" {
			t.Error("a personal page may be kept")
		}
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	_, doc := platformtest.Page(t, p, catalog.Routes(p), nil, "/")
	if doc.Find(".empty code").Text() != "handbook publish" {
		t.Error(platformtest.Gist(doc))
	}
	if got := platformtest.Call(t, p, catalog.Routes(p), nil, "GET", "/api/modules", nil); got.Body != `{"modules":[]}`+"\n" {
		t.Error(got.Body)
	}
}

func TestList(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Bought(t, p, ana, "instrument")
	var got struct {
		Modules []struct {
			Module, Version, Preview, Currency string
			Owned                              bool
			Price, Lessons, Saves              int
			YourPrice                          *int `json:"your_price"`
			Why                                string
			Includes                           []string
			Parts                              []struct {
				Key   string
				Owned bool
			}
		}
	}
	platformtest.Call(t, p, catalog.Routes(p), ana, "GET", "/api/modules", nil).Into(t, &got)
	if len(got.Modules) != 3 {
		t.Fatal(got)
	}
	private, instrument, bundle := got.Modules[0], got.Modules[1], got.Modules[2]
	if private.Owned || private.Price != 7900 || private.Preview != "density-altitude" || private.Version != "1.0.0" {
		t.Errorf("%+v", private)
	}
	if !instrument.Owned || instrument.Lessons != 2 {
		t.Errorf("%+v", instrument)
	}
	if instrument.YourPrice != nil || *private.YourPrice != 7900 || *bundle.YourPrice != 6000 || !strings.HasPrefix(bundle.Why, "You own Instrument Rating") {
		t.Errorf("prices of %+v, %+v, %+v", private, instrument, bundle)
	}
	if bundle.Owned || bundle.Saves != 1900 || bundle.Lessons != 4 || len(bundle.Parts) != 2 || bundle.Parts[0].Owned || !bundle.Parts[1].Owned {
		t.Errorf("%+v", bundle)
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	before := p.DB.Stat().AcquireCount()
	platformtest.Call(t, p, catalog.Routes(p), nil, "GET", "/", nil)
	if n := p.DB.Stat().AcquireCount() - before; n != 1 {
		t.Errorf("%d queries for three modules", n)
	}
}

// TestForATime: what ends is said to, and may be bought.
func TestForATime(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Grant(t, p, ana, "private_commercial")
	platformtest.Exec(t, p, `UPDATE grants SET expires_at = CASE module_key WHEN 'instrument' THEN timestamptz '2096-11-25 00:00Z' ELSE '2097-11-25 00:00Z' END`)
	_, doc := platformtest.Page(t, p, catalog.Routes(p), ana, "/")
	text := strings.Join(strings.Fields(doc.Find("main").Text()), " ")
	if n := strings.Count(text, "Yours until 24 November 2096"); n != 3 || strings.Contains(text, "You own") || doc.Find(".price").Length() != 3 { // the part, in the bundle, and the bundle
		t.Errorf("said %d times: %s", n, text)
	}
}
