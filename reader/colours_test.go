package reader_test

import (
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/chroma/v2"

	"pilothandbook/platform/highlight"
)

// TestCodeColours wants every kind of token to have a colour in both colour
// schemes, legible on whatever a line may lie on (WCAG 2.2, 1.4.3).
func TestCodeColours(t *testing.T) {
	t.Parallel()

	sheet, err := os.ReadFile("static/handbook.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := schemes(string(sheet))
	if !ok {
		t.Fatal("the stylesheet has no colours for both schemes")
	}
	tokens := map[string]bool{}
	for kind := range chroma.StandardTypes {
		if class := highlight.Class(kind); class != "" {
			tokens[class] = true
		}
	}
	for class := range tokens {
		if !strings.Contains(string(sheet), "pre ."+class+" { color: var(--code-"+class+"); }") {
			t.Errorf("tokens of class %s have no rule", class)
		}
	}
	for scheme, colours := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, front := range append(slices.Collect(maps.Keys(tokens)), "ink") {
			if front != "ink" {
				front = "code-" + front
			}
			for _, back := range []string{"sunk", "notice", "good-back", "bad-back"} {
				if c := contrast(colours[front], colours[back]); !(c >= 4.5) {
					t.Errorf("%s: --%s on --%s has a contrast of %.2f", scheme, front, back, c)
				}
			}
		}
	}
}

// TestChangeColours wants what is gone and what came to be legible on their
// own grounds.
func TestChangeColours(t *testing.T) {
	t.Parallel()

	sheet, err := os.ReadFile("static/handbook.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := schemes(string(sheet))
	for element, name := range map[string]string{"ins": "good", "del": "bad"} {
		if !strings.Contains(string(sheet), element+" { background: var(--"+name+"-back); color: var(--"+name+"); text-decoration-line: ") {
			t.Errorf("<%s> has other colours than --%s, or no line", element, name)
		}
		for scheme, colours := range map[string]map[string]string{"light": light, "dark": dark} {
			if c := contrast(colours[name], colours[name+"-back"]); !(c >= 4.5) {
				t.Errorf("%s: --%s has a contrast of %.2f", scheme, name, c)
			}
		}
	}
}

var colour = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3}(?:[0-9a-f]{3})?);`)

// schemes are the colours by their names, of the first block and of that for
// dark screens, which overrides it.
func schemes(sheet string) (light, dark map[string]string, ok bool) {
	first, rest, ok := strings.Cut(sheet, "@media (prefers-color-scheme: dark)")
	second, _, ends := strings.Cut(rest, "\n}")
	light, dark = map[string]string{}, map[string]string{}
	for _, m := range colour.FindAllStringSubmatch(first, -1) {
		light[m[1]], dark[m[1]] = m[2], m[2]
	}
	for _, m := range colour.FindAllStringSubmatch(second, -1) {
		dark[m[1]] = m[2]
	}
	return light, dark, ok && ends
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is that of #rrggbb, as WCAG defines it; NaN if it is no colour.
func luminance(colour string) float64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		return math.NaN()
	}
	linear := func(c uint64) float64 {
		if s := float64(c&0xff) / 255; s > 0.04045 {
			return math.Pow((s+0.055)/1.055, 2.4)
		} else {
			return s / 12.92
		}
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
