package versions_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/versions"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// act sends a form of the page.
func act(t *testing.T, p *platform.Platform, values url.Values) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, versions.Routes(p), platformtest.Form(t, platformtest.Operator(t, p), "/versions/instrument", values.Encode()))
}

// A roll back, or what takes lessons away, is asked about first.
func TestAskFirst(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	first := platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding"))
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor")
	v.Version.Version = "2.0.0"
	platformtest.Publish(t, p, v)
	active := func() string {
		return platformtest.Text(t, p, `SELECT version FROM content_versions WHERE is_active`)
	}
	back := url.Values{"do": {"activate"}, "version": {first.ID.String()}}
	got := act(t, p, back)
	if got.Status != http.StatusOK || !strings.Contains(got.Body, "Lesson vor") || !strings.Contains(got.Body, "Nobody is mailed") || active() != "2.0.0" {
		t.Fatalf("%d, active is %s: %s", got.Status, active(), got.Body)
	}
	back.Set("sure", "yes")
	if got := act(t, p, back); got.Status != http.StatusSeeOther || active() != "1.0.0" {
		t.Errorf("%d, active is %s", got.Status, active())
	}
	if got := act(t, p, url.Values{"do": {"activate"}, "version": {"2.0.0"}}); got.Status != http.StatusSeeOther || active() != "2.0.0" {
		t.Errorf("forward again: %d, active is %s", got.Status, active())
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM audit_log WHERE action = 'version activated' AND subject = 'module:instrument' AND actor IS NOT NULL`); n != "2" {
		t.Errorf("%s entries in the record, want 2", n)
	}
	if got := act(t, p, url.Values{"do": {"burn"}, "version": {"2.0.0"}}); got.Status != http.StatusBadRequest {
		t.Errorf("an act that there is not: %d", got.Status)
	}
}

// Any two versions can be compared, with one choice for each.
func TestCompareAny(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	made := publish(t, p, "1.0.0")
	form := func() *goquery.Selection {
		_, doc := platformtest.Page(t, p, versions.Routes(p), platformtest.Operator(t, p), "/versions/instrument")
		return doc.Find(`form[method=get][action="/versions/instrument/diff"]`)
	}
	if n := form().Length(); n != 0 {
		t.Error("one version can be compared")
	}
	made = append(made, publish(t, p, "2.0.0", "3.0.0")...)
	slices.Reverse(made)
	got := form()
	for _, name := range []string{"from", "to"} {
		got.Find("select[name=" + name + "] option").Each(func(i int, o *goquery.Selection) {
			if o.AttrOr("value", "") != made[i].ID.String() || o.Text() != made[i].Version {
				t.Errorf("%s: choice %d is %s %s", name, i, o.Text(), o.AttrOr("value", ""))
			}
		})
		if n := got.Find("select[name=" + name + "] option").Length(); n != 3 {
			t.Errorf("%s has %d choices", name, n)
		}
	}
	if from := got.Find("select[name=from] option[selected]").Text(); from != "2.0.0" {
		t.Errorf("it begins with %q, want the one before the newest", from)
	}
}

// What failed says why, until it is made.
func TestFailedPublication(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		id, err := source.Keep(t.Context(), tx, source.Source{Module: "instrument", Version: "0.1.0", Files: []source.File{}}, platformtest.Operator(t, p).ID)
		if err != nil {
			return err
		}
		_, err = queue.Add(t.Context(), tx, job.ProcessModule{Source: id})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	platformtest.Exec(t, p, `UPDATE outbox SET state = 'dead', finished_at = now(), error = 'lessons/airspeed.mdx:7:1: there is no component <Dial>'`)
	page, doc := platformtest.Page(t, p, versions.Routes(p), platformtest.Operator(t, p), "/versions/instrument")
	if text := doc.Find("main").Text(); page.Status != http.StatusOK || !strings.Contains(text, "lessons/airspeed.mdx:7:1: there is no component <Dial>") {
		t.Errorf("%d %s", page.Status, text)
	}
	if got := platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), "GET", instrument, nil); !strings.Contains(got.Body, "airspeed.mdx:7:1") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	publish(t, p, "0.1.0")
	if _, doc := platformtest.Page(t, p, versions.Routes(p), platformtest.Operator(t, p), "/versions/instrument"); strings.Contains(doc.Text(), "airspeed") {
		t.Error("what was made since is still called failed")
	}
}

// What could not be made of a version says why, and in words what it was.
func TestFailedBehindVersion(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	v := publish(t, p, "0.1.0")[0]
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		for _, a := range []queue.Args{job.UpdateSearchIndex{Version: v.ID}, job.GenerateOfflinePackage{Version: v.ID}, job.GenerateOfflinePackage{Version: uuid.New()}} {
			if _, err := queue.Add(t.Context(), tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	told := func() string {
		_, doc := platformtest.Page(t, p, versions.Routes(p), platformtest.Operator(t, p), "/versions/instrument")
		return strings.Join(strings.Fields(doc.Find("main ul.rows").Text()), " ")
	}
	if text := told(); text != "" {
		t.Errorf("before they failed: %s", text)
	}
	platformtest.Exec(t, p, `UPDATE outbox SET state = 'dead', finished_at = now(), error = kind || ' found no room'`)
	if text := told(); strings.Count(text, "Failed") != 2 ||
		!strings.Contains(text, "0.1.0, search index Failed") || !strings.Contains(text, "update-search-index found no room") ||
		!strings.Contains(text, "0.1.0, offline package Failed") || !strings.Contains(text, "generate-offline-package found no room") {
		t.Errorf("after they failed: %s", text)
	}
	var list struct {
		Pending []struct{ Version, What, Text string }
	}
	platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), "GET", instrument, nil).Into(t, &list)
	if len(list.Pending) != 2 || list.Pending[1].What != "search index" || list.Pending[1].Text != "update-search-index found no room" {
		t.Errorf("listed %+v", list.Pending)
	}
	platformtest.Exec(t, p, `
		WITH k AS (INSERT INTO module_keys (id, module_key, wrapped_by, wrapped) VALUES (gen_random_uuid(), 'instrument', '', '') RETURNING id)
		INSERT INTO packages (version_id, key_id, format, manifest, created_at) SELECT $1, id, 1, '', now() + interval '1 second' FROM k`, v.ID)
	if text := told(); strings.Contains(text, "offline package") {
		t.Errorf("a package that was made since is still called failed: %s", text)
	}
}

// A version is made again by a worker; who wants it is in the record.
func TestReprocess(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p, "1.0.0")
	got := platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), "POST", instrument, map[string]string{"reprocess": "1.0.0"})
	if got.Status != http.StatusAccepted || !strings.Contains(got.Body, "/api/uploads/") {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var a job.ProcessModule
	if err := p.DB.QueryRow(t.Context(), `SELECT payload FROM outbox WHERE kind = 'process-module'`).Scan(&a); err != nil || !a.Again || a.By != platformtest.Operator(t, p).ID {
		t.Errorf("added %+v, %v", a, err)
	}
	var s version.Standing
	platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), "GET", instrument+"/lessons", nil).Into(t, &s)
	if s.Version != "" {
		t.Errorf("stands at %+v, and nothing is active", s)
	}
}
