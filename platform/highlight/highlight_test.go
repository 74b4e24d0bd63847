package highlight_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

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

// Every language is coloured as by the library, whose package of lexers is only
// here and where they are copied.
// TestPainter has a text take long, and code stay plain once such took too long
// together.
func TestPainter(t *testing.T) {
	t.Parallel()

	var p highlight.Painter
	for i := 0; p.Took() == 0; i++ {
		if p.Lines("go", strings.Repeat("\"\\", 15_000)); i == 100 {
			t.Fatal("nothing is slow")
		}
	}
	p.Slow(30*time.Second - p.Took())
	if _, ok := p.Lines("go", "return"); !ok {
		t.Error("before the limit code is plain")
	}
	p.Slow(time.Second)
	if _, ok := p.Lines("go", "return"); ok {
		t.Error("beyond the limit code is coloured")
	}
}

func TestAsInTheLibrary(t *testing.T) {
	t.Parallel()

	const code = "# one\n// two\nif (a < \"b\") { return 0x1F; } /* c */\n<a href='x'>&amp;</a>\n```go\nvar a = 5\n```\n- x: \"y\"\nSELECT 1 FROM t -- d\n@f def g(): pass"
	for _, language := range highlight.Languages() {
		var want strings.Builder
		tokens, err := chroma.Coalesce(lexers.Get(language)).Tokenise(nil, code)
		if err != nil {
			t.Fatal(err)
		}
		classes := 0
		for token := tokens(); token != chroma.EOF; token = tokens() {
			class := highlight.Class(token.Type)
			for i, piece := range strings.Split(token.Value, "\n") {
				if i > 0 {
					want.WriteByte('\n')
				}
				if text := html.EscapeString(piece); class != "" && strings.TrimSpace(piece) != "" {
					classes++
					want.WriteString(`<span class="` + class + `">` + text + `</span>`)
				} else {
					want.WriteString(text)
				}
			}
		}
		lines, ok := highlight.Lines(language, code)
		if got := strings.Join(lines, "\n"); !ok || got != strings.TrimSuffix(want.String(), "\n") || classes == 0 {
			t.Errorf("%s: %v\n%s\nwant\n%s", language, ok, got, want.String())
		}
	}
}

// tag is what Lines may write beside text.
var tag = regexp.MustCompile(`<span class="[ckmsfv]">|</span>`)

// FuzzLines colours texts as each language: they end, and their text must stay what it was.
func FuzzLines(f *testing.F) {
	languages := highlight.Languages()
	for i := range languages {
		f.Add(uint16(i), "if (a < \"b\\n\") { /* c\n*/ return 0x1F } # d\n'''\n<a href=\"x\">&amp;</a>")
		f.Add(uint16(i), strings.Repeat("(a|a)*\"'`/[{<%", 20))
	}
	f.Fuzz(func(t *testing.T, language uint16, code string) {
		lines, ok := highlight.Lines(languages[int(language)%len(languages)], code)
		if !ok {
			return
		}
		text := html.UnescapeString(tag.ReplaceAllString(strings.Join(lines, "\n"), ""))
		if want := strings.TrimSuffix(code, "\n"); text != want && text != want+"\n" {
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
