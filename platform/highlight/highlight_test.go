package highlight_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pilothandbook/platform/highlight"
)

func TestLines(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, language, code string
		want                 []string
	}{
		{"words", "go", "// a\nfunc f() { return 5 }\n", []string{`<span class="c">// a</span>`,
			`<span class="k">func</span> <span class="f">f</span>() { <span class="k">return</span> <span class="m">5</span> }`}},
		{"over lines", "js", "/* a\n b */\n\nx = `c\nd`", []string{`<span class="c">/* a</span>`, `<span class="c"> b */</span>`, ``,
			"x = <span class=\"s\">`c</span>", "<span class=\"s\">d`</span>"}},
		{"escaped", "js", `"<b>&"`, []string{`<span class="s">&#34;&lt;b&gt;&amp;&#34;</span>`}},
		{"empty", "go", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			if got, ok := highlight.Lines(tc.language, tc.code); !ok || !slices.Equal(got, tc.want) {
				t.Errorf("%v %q, want %q", ok, got, tc.want)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ language, code string }{
		{"no-such-language", "a"}, {"brainfuck", "+"}, {"", "a"}, {"go", strings.Repeat("a", 32<<10+1)}, {"go", "a\r\nb"},
	} {
		if lines, ok := highlight.Lines(tc.language, tc.code); ok {
			t.Errorf("%s is coloured: %q", tc.language, lines)
		}
	}
}

// tag is what Lines may write beside text.
var tag = regexp.MustCompile(`<span class="[ckmsfv]">|</span>`)

// FuzzLines colours texts as each language: they end, and their text must stay what it was.
func FuzzLines(f *testing.F) {
	for i := range highlight.Languages {
		f.Add(uint16(i), "if (a < \"b\\n\") { /* c\n*/ return 0x1F } # d\n'''\n<a href=\"x\">&amp;</a>")
		f.Add(uint16(i), strings.Repeat("(a|a)*\"'`/[{<%", 20))
	}
	f.Fuzz(func(t *testing.T, language uint16, code string) {
		lines, ok := highlight.Lines(highlight.Languages[int(language)%len(highlight.Languages)], code)
		if !ok {
			return
		}
		text := html.UnescapeString(tag.ReplaceAllString(strings.Join(lines, "\n"), ""))
		if want := strings.TrimSuffix(code, "\n"); strings.TrimSuffix(text, "\n") != want {
			t.Errorf("%q becomes %q", want, text)
		}
		for _, line := range lines {
			if strings.Count(line, "<span") != strings.Count(line, "</span>") {
				t.Errorf("an element goes over the end of %q", line)
			}
		}
	})
}

// BenchmarkLines colours a program, and tells how much a second.
func BenchmarkLines(b *testing.B) {
	code := strings.Repeat("// Rate of turn.\nfunc rate(tas, bank float64) float64 {\n\treturn 1091 * math.Tan(bank) / tas\n}\n", 50)
	b.SetBytes(int64(len(code)))
	for b.Loop() {
		if _, ok := highlight.Lines("go", code); !ok {
			b.Fatal("plain")
		}
	}
}
