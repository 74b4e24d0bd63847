package manuscript_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/manuscript"
)

// drawingFaults are those of an SVG with this content.
func drawingFaults(content string) string {
	_, faults := manuscript.Read(folder(map[string]string{
		"media/a.svg": `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200">` + "\n" + content + "</svg>",
	}))
	return strings.TrimSpace(text(faults))
}

// The ratios are those that WCAG's own formula gives: #767676 is the lightest
// grey for text on white, and #777777 fails.
func TestContrast(t *testing.T) {
	t.Parallel()

	white := `<rect width="400" height="200" fill="#fff"/>`
	for _, tc := range []struct{ name, content, want string }{
		{"black", `<text x="10" y="50">a</text>`, ""},
		{"grey enough", white + `<text x="10" y="50" fill="#767676">a</text>`, ""},
		{"grey", white + `<text x="10" y="50" fill="#777777">a</text>`,
			`media/a.svg:2:45: the text "a" is #777777 on #ffffff, a contrast of 4.4:1 where 4.5:1 is needed; take #767676, or mark what only decorates with aria-hidden="true"`},
		{"on the plate", `<text x="10" y="50" fill="#fff">a</text>`,
			`media/a.svg:2:1: the text "a" is #ffffff on #fbf9f4, a contrast of 1.0:1 where 4.5:1 is needed; take #73`},
		{"decoration", `<text x="10" y="50" fill="#fff" aria-hidden="true">a</text>`, ""},
		{"light on dark", `<rect width="400" height="200"/><text x="10" y="50" fill="#fff">a</text>`, ""},
		{"in the middle of a button", `<rect x="10" y="30" width="60" height="30" rx="4" fill="navy"/><text x="40" y="50" text-anchor="middle" fill="white">Go</text>`, ""},
		{"beside the button", `<rect x="10" y="30" width="60" height="30" fill="navy"/><text x="100" y="50" fill="white">Go</text>`, `the text "Go" is #ffffff on #fbf9f4`},
		{"below the button", `<text x="20" y="50" fill="white">Go</text><rect x="10" y="30" width="60" height="30" fill="navy"/>`, `the text "Go" is #ffffff on #fbf9f4`},
		{"moved by groups", `<g transform="translate(100 40) scale(2)"><rect width="50" height="20" fill="#000"/><text x="5" y="15" fill="#fff">ab</text></g>`, ""},
		{"turned", `<rect x="190" y="20" width="20" height="160"/><text transform="rotate(90 200 40)" x="200" y="45" fill="#fff">turned</text>`, ""},
		{"in a circle", `<circle cx="50" cy="50" r="30"/><text x="50" y="55" text-anchor="middle" fill="#fff">1</text>`, ""},
		{"in the corner of its box", `<circle cx="50" cy="50" r="30"/><text x="24" y="32" font-size="8" text-anchor="middle" fill="#fff">1</text>`, `is #ffffff on #fbf9f4`},
		{"halo", `<rect width="400" height="200"/><text x="9" y="50" stroke="#fff" stroke-width="6" paint-order="stroke">a</text>`, ""},
		{"half seen", `<text x="10" y="50" fill-opacity=".3">a</text>`, `the text "a" is #b0aeab on #fbf9f4`},
		{"group half seen", `<g opacity=".5"><g opacity=".5"><text x="10" y="50">a</text></g></g>`, `the text "a" is #bcbbb7 on #fbf9f4`},
		{"by class", `<style>.dim, .x { fill: #ddd }</style><text class="dim" x="1" y="50">a</text>`, `the text "a" is #dddddd on #fbf9f4`},
		{"by style", `<text style="fill: rgb(87% 87% 87%)" x="1" y="50">a</text>`, `the text "a" is #dedede on #fbf9f4`},
		{"tspan", `<text x="1" y="50">a <tspan fill="#eee">b</tspan> c</text>`, `media/a.svg:2:22: the text "b" is #eeeeee on #fbf9f4`},
		{"on a gradient", `<rect width="400" height="200" fill="url(#g)"/><text x="1" y="50" fill="#eee">a</text>`, ""},
		{"in defs", `<defs><text x="1" y="50" fill="#eee">a</text></defs>`, ""},
		{"line", `<line x1="0" y1="10" x2="300" y2="10" stroke="#ccc"/>`, `a line is #cccccc on #fbf9f4, a contrast of 1.5:1 where 3:1 is needed`},
		{"line enough", `<line x1="0" y1="10" x2="300" y2="10" stroke="#888"/>`, ""},
		{"line mostly on black", `<rect width="250" height="200"/><path d="M0 10h300" fill="none" stroke="#fff"/>`, ""},
		{"curve", `<path d="M10 10C20 90 90 90 99 10S1 2 3 4Q5 6 7 8T9 9a5 5 0 01 9 9z" fill="none" stroke="#ccc"/>`, `a line is #cccccc`},
		{"cover", `<path d="M0 10h300" fill="none" stroke="#fbf9f4" stroke-width="9"/>`, ""},
		{"rim", `<rect width="50" height="50" fill="#def" stroke="#fff"/>`, ""},
		{"many", strings.Repeat(`<line x1="0" y1="10" x2="300" y2="10" stroke="#ccc"/>`, 9), `a line is #cccccc on #fbf9f4, as 8 more are,`},
		{"scheme", `<style>@media (prefers-color-scheme: dark) { text { fill: #fff } }</style>`, `a style asks for the colour scheme; a figure lies on the same light plate on dark pages; remove that, or keep a drawing for dark pages beside it as x.dark.svg`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got := drawingFaults(tc.content)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if n := strings.Count(got, "\n"); n > 0 {
				t.Errorf("got %d faults, want one:\n%s", n+1, got)
			}
		})
	}
}

// What is proposed instead is enough.
func TestProposedColour(t *testing.T) {
	t.Parallel()

	for _, fill := range []string{"#777777", "yellow", "#ff00ff", "#fff", "orange", "#00ff0080"} {
		const drawing = `<rect width="400" height="200" fill="#ffffff"/><text x="10" y="50" fill="%s">a</text>`
		_, after, ok := strings.Cut(drawingFaults(fmt.Sprintf(drawing, fill)), "; take ")
		if !ok {
			t.Errorf("%s is not told", fill)
			continue
		}
		if got := drawingFaults(fmt.Sprintf(drawing, after[:7])); got != "" {
			t.Errorf("for %s is proposed %s: %s", fill, after[:7], got)
		}
	}
}

// An arc of half a circle encloses its own half alone.
func TestArc(t *testing.T) {
	t.Parallel()

	const half = `<path d="M50 100 A 50 50 0 0 1 150 100 Z"/><text x="%s" text-anchor="middle" fill="#fff" font-size="10">a</text>`
	above, below := drawingFaults(fmt.Sprintf(half, `100" y="70`)), drawingFaults(fmt.Sprintf(half, `100" y="130`))
	if diff := cmp.Diff([]bool{true, false}, []bool{above == "", below == ""}); diff != "" {
		t.Errorf("readable above, below (-want +got):\n%s\n%s%s", diff, above, below)
	}
}

// A drawing whose grounds take long to find is judged in part: its author
// could keep a worker busy for hours.
func TestManyGrounds(t *testing.T) {
	t.Parallel()

	veil := `<polygon fill="#fff" fill-opacity="0.001" points="` + strings.Repeat("0,0 400,0 400,200 0,200 ", 60) + `"/>`
	content := `<text x="10" y="50" fill="#fff">first</text>` + strings.Repeat(veil, 2_000) +
		strings.Repeat(`<text x="10" y="50">a</text>`, 100) + `<text x="10" y="50" fill="#eee">last</text>`
	if got := drawingFaults(content); !strings.Contains(got, `the text "first" is #ffffff on #fbf9f4`) || strings.Contains(got, "last") {
		t.Errorf("%.300s", got)
	}
}
