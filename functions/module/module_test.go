package module_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/module"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func progress(t testing.TB, p *platform.Platform, who *platformtest.User, lesson string, completed bool) {
	t.Helper()
	_, err := p.DB.Exec(t.Context(), `
		INSERT INTO progress (id, user_id, lesson_id, completed)
		VALUES (gen_random_uuid(), $1, $2, $3)`, who.ID, lesson, completed)
	if err != nil {
		t.Fatal(err)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Bought(t, p, ana, "instrument")
	progress(t, p, ana, "holding", true)
	progress(t, p, ana, "vor-and-hsi", false)
	progress(t, p, ana, "density-altitude", true)
	for _, tc := range []struct {
		golden, path string
		who          *platformtest.User
	}{
		{"nobody.txt", "/modules/private_commercial", nil},
		{"buyer.txt", "/modules/private_commercial", ana},
		{"owner.txt", "/modules/instrument", ana},
		{"bundle.txt", "/modules/bundle", ana},
	} {
		got, doc := platformtest.Page(t, p, module.Routes(p), tc.who, tc.path)
		if got.Status != http.StatusOK || strings.Contains(got.Body, platformtest.Canary) {
			t.Errorf("%s: status %d", tc.path, got.Status)
		}
		platformtest.Golden(t, tc.golden, withoutDate(doc.Find("time").First().Text(), platformtest.Gist(doc)))
	}
}

// withoutDate takes the day of publication out, which is today.
func withoutDate(day, gist string) string {
	return strings.ReplaceAll(gist, day, "the day of publication")
}

func TestTell(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	progress(t, p, ana, "holding", true)
	var got struct {
		Module   string
		Owned    bool
		Done     int
		Contents []struct {
			ID                string
			Minutes           int
			Open, Done, Begun bool
		}
	}
	answer := platformtest.Call(t, p, module.Routes(p), ana, "GET", "/api/modules/instrument", nil)
	answer.Into(t, &got)
	if got.Module != "instrument" || !got.Owned || got.Done != 1 || len(got.Contents) != 2 || !got.Contents[0].Done || got.Contents[1].Begun || !got.Contents[1].Open {
		t.Errorf("%+v", got)
	}
	platformtest.Call(t, p, module.Routes(p), nil, "GET", "/api/modules/instrument", nil).Into(t, &got)
	if got.Owned || got.Done != 0 || !got.Contents[0].Open || got.Contents[1].Open {
		t.Errorf("signed out: %+v", got)
	}
	if strings.Contains(answer.Body, platformtest.Canary) {
		t.Error("the outline has words of a lesson")
	}
}

// TestPrice: who owns a part pays the difference, who owns all of it nothing.
func TestPrice(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana, ben, cy := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com"), platformtest.Learner(t, p, "cy@example.com")
	platformtest.Bought(t, p, ana, "instrument")
	platformtest.Grant(t, p, cy, "bundle")
	for _, tc := range []struct {
		name, module string
		who          *platformtest.User
		want         string
	}{
		{"signed out", "bundle", nil, `11900 your 11900 of 4 ""`},
		{"owns nothing", "bundle", ben, `11900 your 11900 of 4 ""`},
		{"owns a part", "bundle", ana, `11900 your 6000 of 4 "You own Instrument Rating already, so you pay the difference."`},
		{"owns all", "bundle", cy, `11900 your none of 4 ""`},
		{"owns another", "private_commercial", ana, `7900 your 7900 of 2 ""`},
		{"owns it", "instrument", ana, `5900 your none of 2 ""`},
	} {
		var got struct {
			Price, Lessons int
			Yours          *int `json:"your_price"`
			Why            string
		}
		platformtest.Call(t, p, module.Routes(p), tc.who, "GET", "/api/modules/"+tc.module, nil).Into(t, &got)
		yours := "none"
		if got.Yours != nil {
			yours = fmt.Sprint(*got.Yours)
		}
		if said := fmt.Sprintf("%d your %s of %d %q", got.Price, yours, got.Lessons, got.Why); said != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, said, tc.want)
		}
	}
	_, page := platformtest.Page(t, p, module.Routes(p), cy, "/modules/bundle")
	if page.Find(".price").Length() != 0 || page.Find(`.offer a[href="/modules/instrument"]`).Length() != 1 {
		t.Errorf("an owner sees %s", page.Find(".offer").Text())
	}
}

// TestForATime: what ends may be bought, and is not said to be owned.
func TestForATime(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Exec(t, p, `UPDATE grants SET expires_at = '2096-11-25'`)
	_, page := platformtest.Page(t, p, module.Routes(p), ana, "/modules/instrument")
	offer := page.Find(".offer")
	if offer.Find(".badge").Text() != "Yours until 24 November 2096" || offer.Find(`form[action="/checkout/instrument"]`).Length() != 1 ||
		offer.Find(`a[href="/modules/instrument/lessons/holding"]`).Length() != 1 {
		t.Errorf("for a time: %s", offer.Text())
	}
	if _, page := platformtest.Page(t, p, module.Routes(p), ana, "/modules/bundle"); page.Find(".rows .badge").Text() != "Yours until 24 November 2096" {
		t.Errorf("a part for a time: %s", page.Find(".rows").Text())
	}
	platformtest.Grant(t, p, ana, "bundle")
	if _, page := platformtest.Page(t, p, module.Routes(p), ana, "/modules/instrument"); page.Find(".offer .badge").Text() != "You own this" || page.Find(".price").Length() != 0 {
		t.Errorf("without end too: %s", page.Find(".offer").Text())
	}
}

// TestGoOn: what is begun is not begun again.
func TestGoOn(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	offers := func(want string) {
		t.Helper()
		if _, page := platformtest.Page(t, p, module.Routes(p), ana, "/modules/instrument"); page.Find(".offer .button").Text() != want {
			t.Errorf("got %q, want %q", page.Find(".offer .button").Text(), want)
		}
	}
	offers("Begin with “Lesson holding”")
	progress(t, p, ana, "holding", false)
	offers("Go on with “Lesson holding”")
}

// TestUnderWay: nobody is asked to pay again what is being paid.
func TestUnderWay(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, state, params, expires_at)
		SELECT gen_random_uuid(), id, 'instrument', 5900, 'usd', false, 'complete', '{}', now() FROM users`)
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id)
		SELECT gen_random_uuid(), user_id, 'pi_1', module_type, amount, 'pending', id FROM checkouts`)
	ben := platformtest.Learner(t, p, "ben@example.com")
	for _, tc := range []struct {
		name, path, sql string
		who             *platformtest.User
		want            bool
	}{
		{"the one that is paid", "/modules/instrument", "", ana, true},
		{"another module", "/modules/private_commercial", "", ana, false},
		{"somebody else", "/modules/instrument", "", ben, false},
		{"a bundle that is paid", "/modules/private_commercial", `UPDATE purchases SET module_type = 'bundle'`, ana, true},
		{"disputed", "/modules/instrument", `
			WITH paid AS (UPDATE purchases SET module_type = 'instrument', status = 'completed' RETURNING *)
			INSERT INTO grants (id, user_id, module_key, purchase_id, revoked_at)
			SELECT gen_random_uuid(), user_id, module_type, id, now() FROM paid`, ana, true},
		{"another while that is disputed", "/modules/private_commercial", "", ana, false},
		{"refunded", "/modules/instrument", `UPDATE purchases SET status = 'refunded'`, ana, false},
	} {
		if tc.sql != "" {
			platformtest.Exec(t, p, tc.sql)
		}
		_, page := platformtest.Page(t, p, module.Routes(p), tc.who, tc.path)
		waits, buys := page.Find(`.offer a[href^="/orders/"]`).Length() == 1, page.Find(".offer form").Length() == 1
		if waits != tc.want || buys == tc.want {
			t.Errorf("%s: got %s", tc.name, page.Find(".offer").Text())
		}
		if strings.Contains(page.Find(".offer").Text(), "in question") != (tc.name == "disputed") {
			t.Errorf("%s: says %s", tc.name, page.Find(".offer").Text())
		}
	}
}

// TestNews: where the source breaks its lines does not matter, its items do.
func TestNews(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	platformtest.Exec(t, p, `UPDATE content_versions SET changelog = E'One sentence\nof two lines.\n\nMore:\n- an item\n  goes on\n- another'`)
	_, page := platformtest.Page(t, p, module.Routes(p), nil, "/modules/instrument")
	if got, want := page.Find(".lines").Text(), "One sentence of two lines.\n\nMore:\n- an item goes on\n- another"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	for _, path := range []string{"/modules/nope", "/api/modules/nope", "/modules/%00", "/api/modules/%ff"} {
		if got := platformtest.Call(t, p, module.Routes(p), nil, "GET", path, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got.Status)
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()

	count := func(lessons int) int64 {
		p := platformtest.New(t)
		ids := make([]string, lessons)
		for i := range ids {
			ids[i] = fmt.Sprintf("lesson-%d", i)
		}
		platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, ids...))
		ana := platformtest.Learner(t, p, "ana@example.com")
		platformtest.Call(t, p, module.Routes(p), ana, "GET", "/modules/nope", nil) // says who she is
		before := p.DB.Stat().AcquireCount()
		platformtest.Call(t, p, module.Routes(p), ana, "GET", "/modules/instrument", nil)
		return p.DB.Stat().AcquireCount() - before
	}
	// One more is Ana's session, should a second have passed.
	if few, many := count(2), count(40); few > 6 || many > 6 {
		t.Errorf("%d queries for 2 lessons, %d for 40", few, many)
	}
}
