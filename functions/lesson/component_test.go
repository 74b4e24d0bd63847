package lesson_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/functions/asset"
	"pilothandbook/functions/lesson"
	"pilothandbook/functions/media"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/source"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/router"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

const winds = "/modules/private_commercial/lessons/wind-triangle"

// publishFolder makes a module's folder the active version, as the worker does.
func publishFolder(t *testing.T, p *platform.Platform, dir string) {
	t.Helper()
	fsys := os.DirFS(dir)
	m, faults := manuscript.Read(fsys)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s := source.Source{Module: m.Key, Version: m.Version}
	for _, f := range m.Files {
		body, err := fs.ReadFile(fsys, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		s.Files = append(s.Files, source.File{Path: f.Path, SHA256: hex.EncodeToString(sum[:]), Size: f.Size})
		_, err = p.DB.Exec(t.Context(), `INSERT INTO blobs (sha256, size, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, sum[:], len(body), body)
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := source.Keep(t.Context(), p.DB, s, platformtest.Operator(t, p).ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := (content.Jobs{DB: p.DB, Images: optimise.Here{}}).ProcessModule(t.Context(), job.ProcessModule{Source: id, Activate: true}); err != nil {
		t.Fatal(err)
	}
}

// scriptOf finds the script of a page's components.
var scriptOf = regexp.MustCompile(`<script src="(/media/[^"]+\.js)" type="module"></script>`)

// TestOwnComponent publishes a module with a component of its own, and reads
// it with and without script.
func TestOwnComponent(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publishFolder(t, p, "../../content/private_commercial")
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "private_commercial")
	routes := slices.Concat(lesson.Routes(p), media.Routes(p), asset.Routes(p))

	page := platformtest.Call(t, p, routes, ana, "GET", winds, nil)
	found := scriptOf.FindStringSubmatch(page.Body)
	if found == nil || !strings.Contains(page.Body, "<m-crosswind data-props=") || !strings.Contains(page.Body, "crosswind 19.3 knots from the right") {
		t.Fatalf("the lesson names no script, or lacks what is read without: %d", page.Status)
	}
	if other := platformtest.Call(t, p, routes, ana, "GET", strings.Replace(winds, "wind-triangle", "density-altitude", 1), nil); scriptOf.MatchString(other.Body) {
		t.Error("a lesson without components of its own loads a script")
	}
	got := platformtest.Call(t, p, routes, ana, "GET", found[1], nil)
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "text/javascript" || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || got.Header.Get("ETag") == "" {
		t.Errorf("script: %d, %v", got.Status, got.Header)
	}
	if got := platformtest.Call(t, p, routes, nil, "GET", found[1], nil); got.Status != http.StatusPaymentRequired {
		t.Errorf("script for everybody: %d", got.Status)
	}
	var components int
	if err := p.DB.QueryRow(t.Context(), `SELECT component_count FROM content_versions WHERE is_active`).Scan(&components); err != nil || components != 1 {
		t.Errorf("%d components, %v; want 1", components, err)
	}

	server := httptest.NewServer(router.New(p, routes...))
	t.Cleanup(server.Close)
	b := chromium.Start(t)
	err := b.SetCookies([]*proto.NetworkCookieParam{{Name: account.SessionCookie, Value: ana.Secret, URL: server.URL, HTTPOnly: true}})
	if err != nil {
		t.Fatal(err)
	}
	calculates(t, b, server.URL+winds)
}

// calculates uses the calculator by keyboard on a narrow screen.
func calculates(t *testing.T, b *rod.Browser, url string) {
	t.Helper()
	page := b.MustPage("about:blank")
	page.MustSetViewport(320, 640, 1, true)
	page.MustNavigate(url).MustWaitLoad()
	told := func() string { return page.MustElement("m-crosswind [role=status]").MustText() }
	if got, want := told(), "Headwind 23.0 knots, crosswind 19.3 knots from the right."; got != want {
		t.Errorf("at first: %q, want %q", got, want)
	}
	if wide := page.MustEval(`() => document.documentElement.scrollWidth`).Int(); wide > 320 {
		t.Errorf("the page is %d pixels wide on a screen of 320", wide)
	}
	for _, tc := range []struct{ runway, from, speed, want string }{
		{"14", "180", "20", "Headwind 15.3 knots, crosswind 12.9 knots from the right."},
		{"24", "180", "20", "Headwind 10.0 knots, crosswind 17.3 knots from the left."},
		{"10", "180", "20", "Headwind 3.5 knots, crosswind 19.7 knots from the right."},
		{"8", "10", "18", "Headwind 6.2 knots, crosswind 16.9 knots from the left."},
		{"37", "180", "20", "Please enter 1 to 36 for “Runway”."},
		{"37", "180", "61", "Please enter 1 to 36 for “Runway”."},
		{"36", "180", "61", "Please enter 0 to 60 for “Wind speed”."},
		{"36", "", "10", "Please enter 0 to 360 for “Wind from”."},
		{"36", "180", "10", "Tailwind 10.0 knots, crosswind 0.0 knots."},
	} {
		for i, value := range []string{tc.runway, tc.from, tc.speed} {
			page.MustElements("m-crosswind input[type=number]")[i].MustSelectAllText().MustInput(value)
		}
		if got := told(); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	slider := page.MustElements("m-crosswind input[type=range]")[2].MustFocus()
	if slider.MustProperty("value").Str() != "10" {
		t.Error("the slider does not follow what is typed")
	}
	slider.MustType(input.ArrowRight)
	if got, want := told(), "Tailwind 11.0 knots, crosswind 0.0 knots."; got != want {
		t.Errorf("by the arrow: %q, want %q", got, want)
	}
	page.MustElements("m-crosswind input[type=number]")[2].MustSelectAllText().MustInput("99")
	page.MustElement("m-crosswind button").MustClick()
	if page.MustHas("m-crosswind [aria-invalid=true]") {
		t.Error("a field is still wrong after the reset")
	}
	if got := told(); !strings.HasPrefix(got, "Headwind 23.0 knots") {
		t.Errorf("after the reset: %q", got)
	}
}
