package search

import (
	"strings"
	"testing"
)

func TestMarks(t *testing.T) {
	t.Parallel()

	long := strings.TrimSpace(strings.Repeat("word ", 60))
	for _, tc := range []struct{ name, typed, text, want string }{
		{"stems", "stalling", "Wings stall. A stalled wing.", "Wings [stall]. A [stalled] wing."},
		{"capitals and stops", "crosswind", `The "Crosswind".`, `The "[Crosswind]".`},
		{"no stop words", "the wing of", "The wing of it.", "The [wing] of it."},
		{"a phrase", `"load factor"`, "A load factor of 2.", "A [load] [factor] of 2."},
		{"not what is asked against", `wing -flap -"load factor"`, "A wing, a flap, a load factor.", "A [wing], a flap, a load factor."},
		{"a code", "91.155", "See §91.155(a).", "See §[91.155](a)."},
		{"a code in capitals", "pa.i.d", "Task PA.I.D.K3c.", "Task [PA.I.D].K3c."},
		{"letters that are longer in lower case", "91.155", "İİİ91.155İ", "İİİ[91.155]İ"},
		{"nothing: the beginning", "runway", long, strings.TrimSpace(strings.Repeat("word ", 20)) + " …"},
		{"around", "runway", long + " runway " + long, "… word word word word word word [runway] " + strings.TrimSpace(strings.Repeat("word ", 13)) + " …"},
		{"two stretches", "runway wing", "runway " + long + " wing", "[runway] " + strings.TrimSpace(strings.Repeat("word ", 19)) + " … " + strings.TrimSpace(strings.Repeat("word ", 19)) + " [wing]"},
		{"two that touch", "runway wing", "runway " + strings.Repeat("word ", 18) + "wing", "[runway] " + strings.Repeat("word ", 18) + "[wing]"},
		{"once is enough", "runway", "runway " + long + " runway", "[runway] " + strings.TrimSpace(strings.Repeat("word ", 19)) + " …"},
		{"an empty text", "runway", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b strings.Builder
			for _, s := range newMarker(parse(tc.typed)).snippet(tc.text) {
				if s.Marked {
					b.WriteString("[" + s.Text + "]")
				} else {
					b.WriteString(s.Text)
				}
			}
			if got := strings.TrimSpace(b.String()); got != tc.want {
				t.Errorf("%s in %q:\n got %s\nwant %s", tc.typed, tc.text, got, tc.want)
			}
		})
	}
}

func TestBegun(t *testing.T) {
	t.Parallel()

	q, ok := parse("side cros").begun()
	var marked string
	for _, s := range newMarker(q).snippet("A side with a crossing.") {
		if s.Marked {
			marked += s.Text + " "
		}
	}
	if !ok || marked != "side crossing " {
		t.Errorf("%v %q", ok, marked)
	}
}
