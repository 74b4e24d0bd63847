package mdx_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/highlight"
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
	texts := slices.Concat(hostile.Markdown(), hostile.HTML(), naughty)
	all := nested(t, texts)
	module := moduleFiles(t)
	for _, markdown := range texts {
		lesson, _ := mdx.Render("lessons/x.mdx", []byte(front+markdown), module)
		all = append(all, lesson.HTML)
	}
	for _, src := range slices.Concat(hostile.HTML(), naughty) {
		all = append(all, mdx.Sanitise(src))
	}
	var lessons, raw []chromium.Document
	for some := range slices.Chunk(all, 30) { // one alone takes a browser almost as long
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

// moduleFiles is what a lesson of a module has: formulas, colours for code, and
// a component of the module's own.
func moduleFiles(t *testing.T) mdx.Resolver {
	t.Helper()
	r := typeset
	r.Code = new(highlight.Painter).Lines
	fallback, problems := mdx.Fragment("The *wind* at $V_A$.\n\n```html\n<script>alert(1)</script>\n```", r)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	wind := mdx.Component{
		Element: mdx.OwnPrefix + "wind", Empty: true,
		Props:  []mdx.Prop{{Name: "text"}, {Name: "list", Type: mdx.Array}, {Name: "fields", Type: mdx.Object}},
		Render: func(mdx.Tag) (before, after string) { return fallback, "" },
	}
	r.Component = func(name string) (mdx.Component, bool) {
		if name == "Wind" {
			return wind, true
		}
		return mdx.Builtin(name)
	}
	return r
}

// unTeX takes away what has a meaning in a formula.
var unTeX = strings.NewReplacer("\\", " ", "{", " ", "}", " ", "$", " ", "%", " ", "#", " ", "&", " ", "_", " ", "^", " ", "~", " ", "\n", " ", "\r", " ")

// nested is the HTML of lessons that have hostile texts where Markdown is not
// read: as props, as code and in formulas.
func nested(t *testing.T, texts []string) (all []string) {
	t.Helper()
	module := moduleFiles(t)
	reached := map[string]int{}
	for _, text := range texts {
		prop, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for kind, markdown := range map[string]string{
			" data-props=": "<Wind text={" + string(prop) + "} list={[" + string(prop) + "]} fields={{\"a\": " + string(prop) + "}} />",
			"<span class=": "~~~~~~~~html\n" + text + "\n~~~~~~~~",
			"<math":        "a $\\text{" + unTeX.Replace(text) + "}$",
		} {
			lesson, _ := mdx.Render("lessons/x.mdx", []byte(front+markdown), module)
			if problem := dangerous(lesson.HTML); problem != "" {
				t.Errorf("%q has %s", markdown, problem)
			}
			if strings.Contains(lesson.HTML, kind) {
				reached[kind]++
				all = append(all, lesson.HTML)
			}
		}
	}
	for _, kind := range []string{" data-props=", "<span class=", "<math"} {
		if reached[kind]*2 < len(texts) {
			t.Errorf("of %d texts, %d are shown with %s", len(texts), reached[kind], kind)
		}
	}
	return all
}
