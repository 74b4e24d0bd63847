package manuscript_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"pilothandbook/handbook/manuscript"
)

func TestFormulas(t *testing.T) {
	t.Parallel()

	lesson := func(text string) fstest.MapFS {
		return folder(map[string]string{"lessons/holding.mdx": front + "## Entry\n\n" + text})
	}
	_, faults := manuscript.Read(lesson("The lift is $L = C_L \\fracc{1}{2}$.\n"))
	want := `lessons/holding.mdx:8:22: Unsupported function name: \fracc; mend the formula, or write \$ for the characters`
	if len(faults) != 1 || faults[0].String() != want {
		t.Errorf("%v, want %s", faults, want)
	}

	m, faults := manuscript.Read(lesson("$$L = C_L$$\n\n```go\nreturn\n```\n"))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for l, faults := range m.Render(mediaURL) {
		if len(l.Headings) != 1 || l.Headings[0].ID != "entry" {
			continue
		}
		for _, part := range []string{`<math alttext="L = C_L" display="block"`, `<msub><mi>C</mi><mi>L</mi></msub>`, `<span class="k">return</span>`} {
			if !strings.Contains(l.HTML, part) || len(faults) > 0 {
				t.Errorf("%v, and no %s in %s", faults, part, l.HTML)
			}
		}
	}
}
