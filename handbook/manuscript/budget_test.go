package manuscript_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pilothandbook/handbook/manuscript"
)

// noise is a text that does not compress to less than about half.
func noise(words int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range words {
		fmt.Fprintf(&b, "%08x ", r.Uint32())
		if i%20 == 19 {
			b.WriteString("\n\n")
		}
	}
	return b.String()
}

func TestBudget(t *testing.T) {
	t.Parallel()

	picture := strings.Replace(svg, "/>", "><desc>"+strings.Repeat("a", 3<<20)+"</desc></svg>", 1)
	for _, tc := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"long, but even", map[string]string{"lessons/vor.mdx": front + "## Needle\n\n" + strings.Repeat("all the same\n\n", 20_000/2-10)}, ""},
		{"long", map[string]string{"lessons/vor.mdx": front + "## Needle\n\n" + noise(60_000)},
			"lessons/vor.mdx: the lesson's text is 2"},
		{"one image", map[string]string{"media/a.svg": picture}, ""},
		{"images", map[string]string{"media/a.svg": picture, "media/b.svg": picture + "\n", "lessons/vor.mdx": front + "## Needle\n\n![a](../media/a.svg)\n![b](../media/b.svg)\n![a](../media/a.svg)\n"},
			"lessons/vor.mdx:9:1: the lesson's images are 6.0 MiB together, over their budget of 4 MiB; make them smaller, first of all media/b.svg with 3.0 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := manuscript.Read(folder(tc.change))
			if got := strings.TrimSpace(text(faults)); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %.300q, want %q", got, tc.want)
			}
		})
	}
}

// Files are in the order of their paths, by which they are looked up: that of
// a walk puts a/b.mdx before a.mdx.
func TestFileOrder(t *testing.T) {
	t.Parallel()

	yaml := moduleYAML + "  - {id: one, file: lessons/holding/one.mdx}\n"
	m, faults := manuscript.Read(folder(map[string]string{"module.yaml": yaml, "lessons/holding/one.mdx": front + "a\n"}))
	for _, f := range faults {
		t.Error(f)
	}
	for lesson, faults := range m.Render(func(string, [32]byte) string { return "/" }) {
		if len(faults) > 0 || lesson.HTML == "" {
			t.Errorf("%q: %v", lesson.Title, faults)
		}
	}
}

func TestLinksToOtherModules(t *testing.T) {
	t.Parallel()

	for address, want := range map[string]string{
		"/modules/private_commercial/lessons/wind-triangle#drift": "",
		"/modules/rotor/lessons/hover":                            `there is no module "rotor" to link to; known are private_commercial, instrument`,
		"/modules/instrument/lessons/vor":                         "name its file, as [text](other.mdx)",
		"/lessons/vor":                                            `"/lessons/vor" is not relative`,
	} {
		m, faults := manuscript.Read(folder(map[string]string{"lessons/vor.mdx": front + "## Needle\n\n[a](" + address + ")\n"}))
		if got := text(faults); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
		if to := fmt.Sprint(m.Abroad); want == "" && to != "[{lessons/vor.mdx 8 1 private_commercial wind-triangle drift}]" {
			t.Errorf("%s leads to %s", address, to)
		}
	}
}
