package manifest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/functions/manifest"
	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func ask(t *testing.T, p *platform.Platform, who *platformtest.User, module, match string) platformtest.Answer {
	t.Helper()
	r := platformtest.Request(t, who, "GET", "/api/modules/"+module+"/manifest", nil)
	if match != "" {
		r.Header.Set("If-None-Match", match)
	}
	return platformtest.Send(t, p, manifest.Routes(p), r)
}

func TestShow(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	if got := ask(t, p, ana, "instrument", ""); got.Status != http.StatusNotFound || !strings.Contains(got.Body, "being prepared") {
		t.Errorf("before there is a package: %v", got)
	}
	want := platformtest.Pack(t, p, "instrument")
	answer := ask(t, p, ana, "instrument", "")
	var got offline.Manifest
	answer.Into(t, &got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var paths []string
	for _, f := range got.Files {
		paths = append(paths, f.Path)
	}
	figure := func(what string) string { return platformtest.Figure("instrument", platformtest.Drawing(what))[1:] }
	figures := []string{figure("free holding"), figure(platformtest.Canary + " vor-and-hsi")}
	if figures[0] > figures[1] {
		figures[0], figures[1] = figures[1], figures[0]
	}
	if diff := cmp.Diff(append([]string{"lessons/holding.json", "lessons/vor-and-hsi.json"}, append(figures, "outline.json")...), paths); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	tag := answer.Header.Get("ETag")
	if answer.Header.Get("Cache-Control") != "private, no-cache" || tag == "" {
		t.Errorf("%v", answer.Header)
	}
	if again := ask(t, p, ana, "instrument", tag); again.Status != http.StatusNotModified {
		t.Errorf("again: %d", again.Status)
	}
	platformtest.Revoke(t, p, ana, "bundle")
	for _, who := range []*platformtest.User{ana, platformtest.Learner(t, p, "other@example.com")} {
		if got := ask(t, p, who, "instrument", tag); got.Status != http.StatusPaymentRequired || got.Header.Get("ETag") != "" {
			t.Errorf("not bought: %v", got)
		}
	}
	if got := ask(t, p, ana, "nope", ""); got.Status != http.StatusNotFound {
		t.Errorf("no such module: %d", got.Status)
	}
}

// TestFormer: the old package counts until the new one is whole, and a version
// that is not active is none of a reader's business.
func TestFormer(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Pack(t, p, "instrument")
	told := func() string {
		t.Helper()
		var m offline.Manifest
		ask(t, p, ana, "instrument", "").Into(t, &m)
		return m.Version
	}
	next := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi")
	next.Version.Version = "1.1.0"
	platformtest.Publish(t, p, next)
	if v := told(); v != "1.0.0" {
		t.Errorf("before the package is made: %s", v)
	}
	platformtest.Pack(t, p, "instrument")
	if v := told(); v != "1.1.0" {
		t.Errorf("once it is made: %s", v)
	}
	platformtest.Exec(t, p, `UPDATE content_versions SET is_active = (version = '1.0.0') WHERE module_id = 'instrument' AND is_active`)
	platformtest.Exec(t, p, `UPDATE content_versions SET is_active = true WHERE module_id = 'instrument' AND version = '1.0.0'`)
	if v := told(); v != "1.0.0" {
		t.Errorf("after it was rolled back: %s", v)
	}
	platformtest.Exec(t, p, `DELETE FROM packages WHERE version_id IN (SELECT id FROM content_versions WHERE version = '1.0.0')`)
	platformtest.Exec(t, p, `UPDATE content_versions SET activated_at = NULL WHERE version = '1.1.0'`)
	if got := ask(t, p, ana, "instrument", ""); got.Status != http.StatusNotFound {
		t.Errorf("of a version that never was active: %d", got.Status)
	}
}

// TestBundle: a bundle's package names those that belong to it.
func TestBundle(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	platformtest.Pack(t, p, "bundle")
	var m offline.Manifest
	ask(t, p, ana, "bundle", "").Into(t, &m)
	if diff := cmp.Diff([]string{"private_commercial", "instrument"}, m.Includes); diff != "" || len(m.Files) != 1 {
		t.Errorf("%d files, includes %v", len(m.Files), m.Includes)
	}
}
