package preview_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/author"
	"pilothandbook/handbook/bundle"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/preview"
)

// patience bounds a wait for something that must happen.
const patience = 30 * time.Second

// open previews a new module until the test ends.
func open(t testing.TB) (url, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "module")
	if err := author.New(io.Discard, dir, "instrument"); err != nil {
		t.Fatal(err)
	}
	return show(t, dir), dir
}

// show previews a folder until the test ends.
func show(t testing.TB, dir string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- preview.Serve(ctx, l, dir, bundle.Compiler{}, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the preview does not end")
		}
	})
	return "http://" + l.Addr().String()
}

func edit(t testing.TB, dir, name, old, new string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q, %v", name, old, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestDark opens the figures of the shipped lessons that have colours for dark
// pages, by day and by night.
func TestDark(t *testing.T) {
	t.Parallel()

	url := show(t, "../content/instrument")
	page := chromium.Start(t).MustPage(url).Timeout(4 * patience)
	for _, tc := range []struct{ scheme, lesson, image, file, plate, filter string }{
		{"light", "holding", "hold-anatomy", "hold-anatomy.svg", "rgb(251, 249, 244)", "none"},
		{"dark", "holding", "hold-anatomy", "hold-anatomy.dark.svg", "rgba(0, 0, 0, 0)", "none"},
		{"light", "vor-and-hsi", "vor-intercept", "vor-intercept.svg", "rgb(251, 249, 244)", "none"},
		{"dark", "vor-and-hsi", "vor-intercept", "vor-intercept.svg", "rgb(251, 249, 244)", "invert(1) hue-rotate(180deg)"},
	} {
		err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: tc.scheme}}}).Call(page)
		if err != nil {
			t.Fatal(err)
		}
		page.MustNavigate("about:blank") // so that no figure of the page before is found
		page.MustNavigate(url + "/modules/instrument/lessons/" + tc.lesson)
		page.MustWait(`name => {
			const i = document.querySelector('img[src*="' + name + '"]')
			i?.scrollIntoView()
			return i?.complete && i.naturalWidth === 720
		}`, tc.image)
		got := page.MustEval(`name => {
			const i = document.querySelector('img[src*="' + name + '"]'), s = getComputedStyle(i)
			return [new URL(i.currentSrc).pathname.split("/").pop(), s.backgroundColor, s.filter].join("; ")
		}`, tc.image).Str()
		if want := strings.Join([]string{tc.file, tc.plate, tc.filter}, "; "); got != want {
			t.Errorf("%s, %s: got %s, want %s", tc.lesson, tc.scheme, got, want)
		}
	}
}

// TestBrowser edits a lesson that is open in a browser, breaks it, and mends
// it again.
func TestBrowser(t *testing.T) {
	t.Parallel()

	url, dir := open(t)
	page := chromium.Start(t).MustPage(url).Timeout(4 * patience)
	shows(page, "Crosswind in practice")
	page.MustWaitLoad() // its styles
	if style := page.MustEval(`() => getComputedStyle(document.querySelector(".lessons")).listStyleType`).Str(); style != "none" {
		t.Errorf("the lessons, which are numbered by the styles, are numbered by the list as well: %q", style)
	}
	page.MustNavigate(url + "/modules/instrument/lessons/instrument-crosswind")
	shows(page, "No faults")
	shows(page, "Crosswind by arithmetic")
	page.MustWait(`() => document.querySelector("figure img").naturalWidth > 0`)
	const lesson = "lessons/crosswind.mdx"

	edit(t, dir, lesson, "cleared to land", "cleared for the option")
	shows(page, "cleared for the option")

	edit(t, dir, lesson, "for the option", "for the <Option />")
	shows(page, "its last good page is shown")
	shows(page, lesson+":11:25")
	shows(page, "<Option> is not a component of this handbook")
	shows(page, "cleared for the option")

	edit(t, dir, lesson, "for the <Option />", "to fly")
	shows(page, "No faults")
	shows(page, "cleared to fly")

	if err := os.WriteFile(filepath.Join(dir, "lessons", "new.mdx"), []byte("---\ntitle: T\nsummary: S\ndate: 2026-03-31\n---\na\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	shows(page, "lessons/new.mdx")
	shows(page, "the lesson is not listed")
}

// TestComponent edits a component of the module's own that is open in a
// browser, breaks it, and mends it again.
func TestComponent(t *testing.T) {
	t.Parallel()

	url, dir := open(t)
	const dial = "components/dial.ts"
	for name, text := range map[string]string{
		dial: `customElements.define("m-dial", class extends HTMLElement {
	connectedCallback(): void { this.textContent = "it points north" }
})
`,
		"components/dial.props.yaml": "fallback: No dial.\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, dir, "lessons/crosswind.mdx", "cleared to land", "cleared to land\n\n<Dial />\n\n")
	page := chromium.Start(t).MustPage(url + "/modules/instrument/lessons/instrument-crosswind").Timeout(4 * patience)
	shows(page, "No faults")
	shows(page, "it points north")

	edit(t, dir, dial, "points north", "points south")
	shows(page, "it points south")

	edit(t, dir, dial, "customElements", "let = ; customElements")
	shows(page, "its last good page is shown")
	shows(page, "components/dial.ts:1:")
	shows(page, "it points south")

	edit(t, dir, dial, "let = ; ", "")
	shows(page, "No faults")
	if status, body := get(t, url+"/components/nope.js"); status != http.StatusNotFound {
		t.Errorf("a script that no page loads: %d, %.200q", status, body)
	}
}

// shows waits until a page has a text.
func shows(page *rod.Page, text string) {
	page.MustWait(`text => document.body?.innerText.includes(text)`, text)
}

// TestPages shows the same with no script: pages, images, and nothing else of
// the machine.
func TestPages(t *testing.T) {
	t.Parallel()

	url, dir := open(t)
	if err := os.WriteFile(filepath.Join(dir, "media", "notes.txt"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path, want string
		status     int
	}{
		{"/", "Crosswind in practice", 200},
		{"/modules/instrument/lessons/instrument-crosswind-in-practice", "Lesson 2 of 2", 200},
		{"/modules/instrument", "A new module", 200},
		{"/modules/instrument/lessons/nope", "Crosswind in practice", 404},
		{"/media/crosswind.svg", "<svg", 200},
		{"/media/notes.txt", "404", 404},
		{"/media/../module.yaml", "Not in a preview", 404},
		{"/assets/nope.css", "404", 404},
		{"/preview/preview.js", "EventSource", 200},
		{"/api/session", "404", 404},
		{"/search?q=wind", "Not in a preview", 404},
	} {
		if status, body := get(t, url+tc.path); status != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d, %.200q; want %d and %q", tc.path, status, body, tc.status, tc.want)
		}
	}
}

// TestOneComponentBreaks leaves the lessons of the others as they are.
func TestOneComponentBreaks(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), "module")
	if err := author.New(io.Discard, dir, "instrument"); err != nil {
		t.Fatal(err)
	}
	const component = `customElements.define("m-%s", class extends HTMLElement {})` + "\n"
	for name, text := range map[string]string{
		"components/dial.ts": fmt.Sprintf(component, "dial"), "components/dial.props.yaml": "fallback: No dial.\n",
		"components/card.ts": fmt.Sprintf(component, "card"), "components/card.props.yaml": "fallback: No card.\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, dir, "lessons/crosswind.mdx", "## ", "<Dial />\n\n## ")
	edit(t, dir, "lessons/crosswind-in-practice.mdx", "## ", "<Card />\n\n## ")
	url := show(t, dir) + "/modules/instrument/lessons/instrument-crosswind"
	const stale = "its last good page is shown"
	for _, path := range []string{url, url + "-in-practice"} {
		if _, body := get(t, path); !strings.Contains(body, "No faults.") {
			t.Fatalf("%s has faults", path)
		}
	}
	edit(t, dir, "components/dial.ts", "customElements", "const x = ;customElements")
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, body := get(t, url); strings.Contains(body, stale) {
			break
		}
		if time.Since(began) > patience {
			t.Fatal("nobody is told of the broken component")
		}
	}
	if _, body := get(t, url+"-in-practice"); strings.Contains(body, stale) || !strings.Contains(body, "The module has faults.") {
		t.Error("the lesson of the other component is stale as well")
	}
}

// TestNames answers to this machine's own names only.
func TestNames(t *testing.T) {
	t.Parallel()

	url, _ := open(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example:80"
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestNoFolder(t *testing.T) {
	t.Parallel()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = preview.Serve(t.Context(), l, filepath.Join(t.TempDir(), "nope"), bundle.Compiler{}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "handbook new ") {
		t.Errorf("got %v, want what to do", err)
	}
}
