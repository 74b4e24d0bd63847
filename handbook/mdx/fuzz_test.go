package mdx_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest/hostile"
)

func FuzzRender(f *testing.F) {
	lesson, err := os.ReadFile("testdata/lesson.mdx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lesson)
	for _, markdown := range slices.Concat(hostile.Markdown(), hostileFormulas) {
		f.Add([]byte(front + markdown))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, faults := mdx.Render("lessons/x.mdx", src, typeset)
		lines := strings.Count(string(src), "\n") + 1
		for _, fault := range faults {
			if fault.Line < 0 || fault.Line > lines || fault.Column < 0 || fault.Text == "" {
				t.Errorf("%+v in a file of %d lines", fault, lines)
			}
		}
		if len(faults) > 0 {
			return
		}
		if again := mdx.Sanitise(got.HTML); again != got.HTML {
			t.Errorf("sanitised again, %q becomes %q", got.HTML, again)
		}
		raw := mdx.Raw("lessons/x.mdx", src, typeset)
		if want := mdx.Authority(raw); got.HTML != want {
			t.Errorf("%q becomes %q, want %q", raw, got.HTML, want)
		}
		if problem := dangerous(got.HTML); problem != "" {
			t.Errorf("%q has %s", got.HTML, problem)
		}
		if id := twice(got.HTML); id != "" {
			t.Errorf("%q has the id %q twice", got.HTML, id)
		}
	})
}

func FuzzSanitise(f *testing.F) {
	for _, src := range hostile.HTML() {
		f.Add(src)
	}
	for _, src := range shortcutHTML {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		once := mdx.Sanitise(src)
		if want := mdx.Authority(src); once != want {
			t.Errorf("%q gives %q, want %q", src, once, want)
		}
		if problem := dangerous(once); problem != "" {
			t.Errorf("%q leaves %s: %s", src, problem, once)
		}
		if again := mdx.Sanitise(once); again != once {
			t.Errorf("%q gives %q, and that %q", src, once, again)
		}
	})
}

// twice is an id that two elements have.
func twice(src string) string {
	doc, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return err.Error()
	}
	seen := map[string]bool{}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" && seen[a.Val] {
				return a.Val
			}
			seen[a.Val] = seen[a.Val] || a.Key == "id"
		}
	}
	return ""
}
