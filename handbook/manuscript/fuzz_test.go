package manuscript_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
)

// FuzzModuleManifest: whatever stands in module.yaml is told as faults with
// their lines, or is a module whose texts can be stored and shown.
func FuzzModuleManifest(f *testing.F) {
	f.Add(moduleYAML, svg)
	f.Add(strings.Replace(moduleYAML, "Instrument", `"\0\x07\u202e"`, 1), svg)
	f.Add(strings.Replace(moduleYAML, "Instrument", "\xff\xfe", 1), svg)
	f.Add(strings.Replace(moduleYAML, "price: 5900", "price: 0x170c", 1), svg)
	f.Add(strings.Replace(moduleYAML, "First edition.", "|\n  a\n\tb\n", 1), svg)
	f.Add("key: [\n", "<svg>")
	f.Add("includes: [instrument]\nlessons:\n- {}\n- a\n", "<!DOCTYPE svg [<!ENTITY a \"&a;\">]><svg>&a;</svg>")
	f.Add("a: &a [*a]\n? b\n: c\n--- d\n<<: {}\n", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1e9 -1'/>")
	f.Fuzz(func(t *testing.T, yaml, drawing string) {
		m, faults := manuscript.Read(folder(map[string]string{"module.yaml": yaml, "media/x.svg": drawing}))
		if len(faults) == 0 {
			storable(t, m.Module)
		}
		for _, fault := range faults {
			lines := 1 + strings.Count(map[string]string{"module.yaml": yaml, "media/x.svg": drawing}[fault.File], "\n")
			if strings.HasPrefix(fault.File, "lessons/") {
				lines = 20
			}
			if fault.Line < 0 || fault.Line > lines || fault.Column < 0 || fault.Text == "" {
				t.Errorf("%+v in a file of %d lines", fault, lines)
			}
		}
	})
}

// storable checks what a module may say.
func storable(t *testing.T, m manuscript.Module) {
	t.Helper()
	all := append([]string{m.Key, m.Title, m.Summary, m.Version, m.Currency}, m.Includes...)
	for _, l := range m.Lessons {
		all = append(all, l.ID, l.File)
	}
	for _, s := range all {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%q in %+v", s, m)
		}
	}
	if !utf8.ValidString(m.Changelog) || strings.ContainsRune(m.Changelog, 0) || m.Price < 50 || m.Title == "" {
		t.Errorf("got %+v", m)
	}
}

// FuzzComponentProps: whatever stands in a props.yaml is told as faults with
// their lines, or is a component that lessons can use, whose HTML is sanitised.
func FuzzComponentProps(f *testing.F) {
	const file = "components/wind-arrow.props.yaml"
	f.Add(declared)
	f.Add("props: []\n")
	f.Add(strings.Replace(declared, "*its*", "<b>its</b> <script>alert(1)</script>", 1))
	f.Add(strings.Replace(declared, "*its*", "[its](javascript:alert(1)) ![its](../media/a.svg)", 1))
	f.Add(strings.Replace(declared, "kt, m/s", "[kt], {a: b}, 3, null, \"\\0\"", 1))
	f.Add("props: &a [*a]\nfallback: !!binary aaaa\n")
	f.Add("props:\n  - {name: __proto__, type: object}\n  - {name: constructor, type: number, required: yes}\n")
	f.Add("fallback: |\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n")
	f.Add("fallback: \"{speed} <WindArrow />\"\n")
	f.Fuzz(func(t *testing.T, yaml string) {
		m, faults := manuscript.Read(folder(winds(map[string]string{file: yaml, "lessons/vor.mdx": front + "## Needle\n\n<WindArrow />\n"})))
		for _, fault := range faults {
			if lines := 10 + strings.Count(yaml, "\n"); fault.Line < 0 || fault.Line > lines || fault.Column < 0 || fault.Text == "" {
				t.Errorf("%+v in a file of %d lines", fault, lines)
			}
		}
		for l, wrong := range m.Render(mediaURL) {
			if len(faults) == 0 && len(wrong) > 0 || mdx.Sanitise(l.HTML) != l.HTML {
				t.Errorf("%v, and not sanitised: %s", wrong, l.HTML)
			}
		}
	})
}
