package manuscript_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/manuscript"
)

// element is a component that has what TypeScript alone has, and shares a file.
const element = `import { knots } from "./lib/units";

class Wind extends HTMLElement {
  #speed: number = 0;
  connectedCallback(): void {
    this.#speed = (JSON.parse(this.dataset["props"]!) as { speed: number }).speed;
    this.textContent = knots(this.#speed);
  }
}
customElements.define("m-wind-arrow", Wind);
`

const declared = `props:
  - {name: speed, type: number, required: true}
  - {name: unit, type: string, values: [kt, m/s]}
fallback: |
  The wind blows, at *its* speed.
`

// winds is the folder with a component that its second lesson uses.
func winds(changes ...map[string]string) map[string]string {
	files := map[string]string{
		"components/wind-arrow.ts":         element,
		"components/wind-arrow.props.yaml": declared,
		"components/lib/units.ts":          "export const knots = (n: number): string => `${n} kt`;\n",
		"lessons/vor.mdx":                  front + "## Needle\n\n<WindArrow speed={12} />\n",
	}
	for _, change := range changes {
		for name, text := range change {
			files[name] = text
		}
	}
	return files
}

func TestOwnComponent(t *testing.T) {
	t.Parallel()

	m, faults := manuscript.Read(folder(winds()))
	for _, f := range faults {
		t.Error(f)
	}
	const html = "<h2 id=\"needle\">Needle</h2>\n" +
		`<m-wind-arrow data-props="{&#34;speed&#34;:12}"><p>The wind blows, at <em>its</em> speed.</p>` + "\n</m-wind-arrow>\n"
	i := 0
	for l, faults := range m.Render(mediaURL) {
		for _, f := range faults {
			t.Error(f)
		}
		b, ok := m.Bundle(l)
		if want := i == 1; ok != want || want && (l.HTML != html || !bytes.Contains(b.Body, []byte(`customElements.define("m-wind-arrow"`))) {
			t.Errorf("lesson %d has a bundle: %t, %s\n%s", i, ok, b.Body, l.HTML)
		}
		i++
	}
}

func TestOwnComponentImported(t *testing.T) {
	t.Parallel()

	for line, want := range map[string]string{
		`import WindArrow from "../components/wind-arrow"`:            "",
		`import WindArrow from "../components/wind-arrow.ts"`:         "",
		`import { WindArrow } from "../components/wind-arrow"`:        `lessons/vor.mdx:6:1: <WindArrow> is there without an import; remove the import`,
		`import WindArrow from "../components/wind-barb"`:             `lessons/vor.mdx:6:1: <WindArrow> is there without an import; remove the import`,
		`import Arrow from "../components/lib/units"`:                 `lessons/vor.mdx:6:1: the module has no component to import from "../components/lib/units"; paths count from the lesson's own folder`,
		`import Arrow from "../../../private/components/wind-arrow"`:  `lessons/vor.mdx:6:1: the module has no component to import from "../../../private/components/wind-arrow"; paths count from the lesson's own folder`,
		`import Arrow from "../components/../components/wind-arrow "`: `lessons/vor.mdx:6:1: the module has no component to import from "../components/../components/wind-arrow "; paths count from the lesson's own folder`,
	} {
		_, faults := manuscript.Read(folder(winds(map[string]string{
			"lessons/vor.mdx": front + line + "\n\n## Needle\n\n<WindArrow speed={12} />\n",
		})))
		if diff := cmp.Diff(want, text(faults)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

func TestComponentFaults(t *testing.T) {
	t.Parallel()

	const ts, props = "components/wind-arrow.ts", "components/wind-arrow.props.yaml"
	edit := func(file, old, new string) map[string]string {
		text := winds()[file]
		if !strings.Contains(text, old) {
			panic(old)
		}
		return map[string]string{file: strings.Replace(text, old, new, 1)}
	}
	for _, tc := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"no props", map[string]string{props: gone, "lessons/vor.mdx": front + "## Needle\n"},
			ts + ": there is no wind-arrow.props.yaml beside it; add it, with the props that the component takes, or move what components share into a folder"},
		{"no element", map[string]string{ts: gone},
			props + ": there is no wind-arrow.ts beside it; add it, with the element that it defines, or remove this file"},
		{"several at once", map[string]string{
			ts:                  strings.Replace(element, "./lib/units", "lit", 1),
			props:               strings.Replace(declared, "type: number", "type: int", 1),
			"lessons/vor.mdx":   front + "## Needle\n\n<WindArow speed={1} />\n",
			"components/far.ts": "let = ;", "components/far.props.yaml": "props: []",
		}, "components/far.ts:1:7: this cannot be compiled: Unexpected \";\"; correct it\n" +
			props + ":2:25: \"int\" is no type; it is one of string, number, boolean, array, object\n" +
			ts + ":1:23: \"lit\" is no file of the module; copy what is needed into a folder of components/ and import it as \"./…\"\n" +
			"lessons/vor.mdx:8:1: <WindArow> is not a component of this handbook; did you mean <WindArrow>?"},
		{"a syntax error behind é", edit(ts, "#speed: number = 0;", "é = 1; #speed: = 0;"), ts + `:4:18: this cannot be compiled: Unexpected "="; correct it`},
		{"another name defined", edit(ts, "m-wind-arrow", "m-arrow"),
			ts + `: it does not define its element; add customElements.define("m-wind-arrow", …) with the element's class`},
		{"an element of the handbook", edit(ts, "m-wind-arrow", "hb-tabs"),
			ts + `: it defines the element "hb-tabs", which is not the module's; begin its name with m-`},
		{"a built-in name", map[string]string{"components/tab-item.ts": `customElements.define("m-tab-item", class extends HTMLElement {})`, "components/tab-item.props.yaml": "props: []"},
			"components/tab-item.ts: <TabItem> is a component of the handbook; choose another name"},
		{"the name of fragments", map[string]string{"components/fragment.ts": `customElements.define("m-fragment", class extends HTMLElement {})`, "components/fragment.props.yaml": "props: []"},
			"components/fragment.ts: <Fragment> is a component of the handbook; choose another name"},
		{"prop twice", edit(props, "name: unit", "name: speed"), props + `:3:12: "speed" is declared twice; remove one`},
		{"prop's name", edit(props, "name: unit", "name: data-unit"), props + `:3:12: "data-unit" is no name of a prop; write up to 40 letters and digits, the first in lower case`},
		{"field", edit(props, "required: true", "requird: true"), props + `:2:33: there is no field "requird"; did you mean "required"?`},
		{"values of a number", edit(props, "type: string", "type: number"), props + `:3:40: only a string has values, 64 at most; leave them out, or change the type`},
		{"value twice", edit(props, "m/s", "kt"), props + `:3:45: "kt" is a value twice; remove one`},
		{"heading in the fallback", edit(props, "  The wind", "  ## The wind"), props + `:4:11: fallback: it has a heading, which belongs to the lesson; write a line in ** instead`},
		{"script in the fallback", edit(props, "*its*", "<script>alert(1)</script>"),
			props + ":4:11: fallback: <script> is HTML that lessons do not have; write Markdown, or \\< for the character"},
		{"footnote in the fallback", edit(props, "*its*", "its[^1]\n\n  [^1]: great"), props + `:4:11: fallback: it has a footnote; write its text in place`},
		{"nothing inside", edit(props, declared[strings.Index(declared, "fallback"):], ""),
			"lessons/vor.mdx:8:1: nothing stands inside <WindArrow>; write there what it says to readers without script"},
		{"a required prop", map[string]string{"lessons/vor.mdx": front + "## Needle\n\n<WindArrow />\n"},
			"lessons/vor.mdx:8:1: <WindArrow> needs speed; add speed={5}"},
		{"a value of none", map[string]string{"lessons/vor.mdx": front + "## Needle\n\n<WindArrow speed={1} unit=\"mph\" />\n"},
			"lessons/vor.mdx:8:22: unit of <WindArrow> is one of kt, m/s; \"mph\" is not"},
		{"another kind of file", map[string]string{"components/a.tsx": "", "components/lib/a.css": "", "components/A.ts": ""},
			"components/A.ts: components/ takes pairs as wind-triangle.ts and wind-triangle.props.yaml, and .ts files that they share in folders below; rename the file, or move it out\n" +
				"components/a.tsx: components/ takes pairs as wind-triangle.ts and wind-triangle.props.yaml, and .ts files that they share in folders below; rename the file, or move it out\n" +
				"components/lib/a.css: components/ takes pairs as wind-triangle.ts and wind-triangle.props.yaml, and .ts files that they share in folders below; rename the file, or move it out"},
		{"capitals", map[string]string{"components/lib/Units.ts": ""},
			"components/lib/units.ts: components/lib/Units.ts differs in nothing but capitals, which some systems do not tell apart; rename one"},
		{"NUL", edit(ts, "#speed: number", "\x00"), ts + ":4: this is not UTF-8 text; save the file in that encoding"},
		{"no UTF-8", edit(ts, "#speed: number", "\xff"), ts + ":4: this is not UTF-8 text; save the file in that encoding"},
		{"2 MiB", edit(ts, "class", strings.Repeat(" ", 2<<20)+"class"), ts + ": the file is over 64 KiB; make it smaller, or split it"},
		{"10,000 imports", edit(ts, "class", strings.Repeat("import './wind-arrow';\n", 10_000)+"class"), ts + ": the file is over 64 KiB; make it smaller, or split it"},
		{"a large declaration", edit(props, "fallback", strings.Repeat("#", 16<<10)+"\nfallback"), props + ": the file is over 16 KiB; make it smaller, or split it\n" +
			"lessons/vor.mdx:8:12: <WindArrow> takes no speed; it takes none"},
		{"a bomb", map[string]string{props: "a: &a [x,x]\nb: &b [*a,*a]\nprops: [*b,*b]\n", "lessons/vor.mdx": front + "## Needle\n"},
			props + ":1:4: the file uses \"&\"; write the value itself\n" + props + ":2:4: the file uses \"&\"; write the value itself\n" +
				props + ":3:9: the file uses \"*\"; write the value itself\n" + props + ":3:12: the file uses \"*\"; write the value itself"},
		{"deep", map[string]string{props: "props: " + strings.Repeat("[", 8_000), "lessons/vor.mdx": front + "## Needle\n"}, props + ":1:1: the file is nested deeper than 16 levels; make it flatter"},
		{"many props", map[string]string{props: "props:\n" + strings.Repeat("- {name: a, type: string}\n", 33), "lessons/vor.mdx": front + "## Needle\n"},
			declaredTwice(31) + props + ":34:4: there are over 32 props; put several into one object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := manuscript.Read(folder(winds(tc.change)))
			if diff := cmp.Diff(tc.want, text(faults)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func declaredTwice(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "components/wind-arrow.props.yaml:%d:10: \"a\" is declared twice; remove one\n", i+3)
	}
	return b.String()
}

// A bundle is weighed as it is sent.
func TestBundleBudget(t *testing.T) {
	t.Parallel()

	noise := rand.NewChaCha8([32]byte{1})
	var heavy strings.Builder
	for range 900 {
		fmt.Fprintf(&heavy, "%016x", noise.Uint64())
	}
	src := strings.Replace(element, "this.#speed)", `this.#speed) + "`+heavy.String()+`"`, 1)
	for _, tc := range []struct{ line, want string }{
		{"", ""},
		{"components: {budget: 7}\n", "lessons/vor.mdx: its components, wind-arrow.ts, are 7.6 KiB compressed, and the budget is 7; make them smaller, or raise components: {budget: …} in module.yaml, up to 150"},
		{"components: {budget: 0}\n", "module.yaml:8:22: the budget is 0 KiB; write one from 1 to 150"},
		{"components: {budget: 151}\n", "module.yaml:8:22: the budget is 151 KiB; write one from 1 to 150"},
		{"components: {budget: much}\n", "module.yaml:8:22: budget must be a whole number, in KiB, as 50"},
		{"components: {size: 3}\n", `module.yaml:8:14: there is no field "size"; known are budget`},
		{"components: 3\n", `module.yaml:8:13: here must be fields, each as "name: value"`},
	} {
		_, faults := manuscript.Read(folder(winds(map[string]string{
			"components/wind-arrow.ts": src,
			"module.yaml":              strings.Replace(moduleYAML, "lessons:", tc.line+"lessons:", 1),
		})))
		if diff := cmp.Diff(tc.want, text(faults)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.line, diff)
		}
	}
}

// Lessons with the same components share a bundle, whatever the order of their
// tags.
func TestSets(t *testing.T) {
	t.Parallel()

	m, faults := manuscript.Read(folder(winds(map[string]string{
		"lessons/vor.mdx":     front + "## Needle\n\n<Hold>a</Hold>\n\n<WindArrow speed={1} />\n",
		"lessons/holding.mdx": front + "## Entry\n\n<WindArrow speed={1} />\n\n<Hold>a</Hold>\n",
	})))
	for _, f := range faults {
		t.Fatal(f)
	}
	sums := map[[32]byte]bool{}
	for l := range m.Render(mediaURL) {
		b, ok := m.Bundle(l)
		if !ok || bytes.Count(b.Body, []byte("customElements.define(")) != 2 {
			t.Errorf("%t: %s", ok, b.Body)
		}
		sums[b.SHA256] = true
	}
	if len(sums) != 1 {
		t.Errorf("%d bundles, want 1", len(sums))
	}
}

// Files that import each other in a circle are read once each, and are not
// many.
func TestCycle(t *testing.T) {
	t.Parallel()

	for n, want := range map[int]string{490: "", 4_900: "components: there are over 500 scripts; put several into one file"} {
		files := winds()
		for i := range n {
			files[fmt.Sprintf("components/lib/c%d.ts", i)] = fmt.Sprintf("import './c%d';", (i+1)%n)
		}
		files["components/wind-arrow.ts"] = "import './lib/c0';\n" + element
		_, faults := manuscript.Read(folder(files))
		if diff := cmp.Diff(want, text(faults)); diff != "" {
			t.Errorf("%d files (-want +got):\n%s", n, diff)
		}
	}
}
