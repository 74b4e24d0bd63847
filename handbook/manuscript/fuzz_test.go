package manuscript_test

import (
	"strings"
	"testing"

	"pilothandbook/handbook/manuscript"
)

func FuzzRead(f *testing.F) {
	f.Add(moduleYAML, svg)
	f.Add("key: [\n", "<svg>")
	f.Add("includes: [instrument]\nlessons:\n- {}\n- a\n", "<!DOCTYPE svg [<!ENTITY a \"&a;\">]><svg>&a;</svg>")
	f.Add("a: &a [*a]\n? b\n: c\n--- d\n<<: {}\n", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1e9 -1'/>")
	f.Fuzz(func(t *testing.T, yaml, drawing string) {
		_, faults := manuscript.Read(folder(map[string]string{"module.yaml": yaml, "media/x.svg": drawing}))
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
