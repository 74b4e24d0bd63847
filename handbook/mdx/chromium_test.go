package mdx_test

import (
	"slices"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/platform/platformtest/hostile"
)

// A browser that no policy holds back, as one would be where somebody took the
// header away, runs nothing of what an author writes, and asks nobody for it.
// What was not sanitised it runs: so this would see it.
func TestNothingRunsInChromium(t *testing.T) {
	t.Parallel()
	naughty, err := hostile.Naughty()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, markdown := range slices.Concat(hostile.Markdown(), hostile.HTML(), naughty) {
		lesson, _ := mdx.Render("lessons/x.mdx", []byte(front+markdown), files)
		all = append(all, lesson.HTML)
	}
	for _, src := range slices.Concat(hostile.HTML(), naughty) {
		all = append(all, mdx.Sanitise(src))
	}
	var lessons, raw []chromium.Document
	for some := range slices.Chunk(all, 10) { // one alone takes a browser almost as long
		lessons = append(lessons, shown(strings.Join(some, "\n<hr>\n")))
	}
	for _, src := range hostile.HTML() {
		raw = append(raw, shown(src))
	}
	b := chromium.Start(t)
	if did := chromium.Harm(t, b, lessons); len(did) > 0 {
		t.Errorf("this happened:\n%s", strings.Join(did, "\n"))
	}
	did := strings.Join(chromium.Harm(t, b, raw), "\n")
	for _, want := range []string{"<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", `<a href="javascript&colon;alert(1)">a</a>`, "onmouseover=alert(1)", "asks //other.invalid/a.png"} {
		if !strings.Contains(did, want) {
			t.Errorf("what is not sanitised does not show %q", want)
		}
	}
}

func shown(html string) chromium.Document {
	return chromium.Document{Type: "text/html; charset=utf-8", Body: "<!doctype html><body>" + html}
}
