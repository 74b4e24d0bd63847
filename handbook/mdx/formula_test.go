package mdx_test

import (
	"errors"
	"html"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/formula"
	"pilothandbook/platform/highlight"
)

// typeset is files with formulas and colours, as modules have them.
var typeset = func() mdx.Resolver {
	r := files
	var setter formula.Setter
	r.Code = highlight.Lines
	r.Math = func(tex string, display bool) (mdx.Formula, error) {
		f, err := setter.Set(tex, display)
		var wrong *formula.Error
		if errors.As(err, &wrong) {
			err = &mdx.FormulaError{At: wrong.At, Text: wrong.Text}
		}
		return mdx.Formula{HTML: f.MathML, Text: f.Text}, err
	}
	return r
}()

// spelled is files with formulas that show their TeX, and where ! is a fault.
var spelled = func() mdx.Resolver {
	r := files
	r.Math = func(tex string, display bool) (mdx.Formula, error) {
		if at := strings.IndexByte(tex, '!'); at >= 0 {
			return mdx.Formula{}, &mdx.FormulaError{At: at, Text: "no !"}
		}
		attribute := ""
		if display {
			attribute = ` display="block"`
		}
		return mdx.Formula{HTML: "<math" + attribute + ">" + html.EscapeString(tex) + "</math>", Text: tex}, nil
	}
	return r
}()

func TestFormulas(t *testing.T) {
	t.Parallel()

	line := func(text string) string { return "<p>" + text + "</p>\n" }
	block := func(tex string) string {
		return `<div class="formula" tabindex="0" role="group" aria-label="Formula"><math display="block">` + tex + "</math></div>\n"
	}
	for _, tc := range []struct{ name, markdown, want string }{
		{"in a line", "a $b$ c", line("a <math>b</math> c")},
		{"prices", "$5 and $10\n\n5$ and 10$", line("$5 and $10") + line("5$ and 10$")},
		{"digit behind", "a $b$5", line("a $b$5")},
		{"space behind the first", "a $ b$ c", line("a $ b$ c")},
		{"space before the last", "a $b $ c", line("a $b $ c")},
		{"alone", "$ $$ $$$ $$$$", line("$ $$ $$$ $$$$")},
		{"escaped", `\$a$ $b\$c$`, line(`$a$ <math>b\$c</math>`)},
		{"two", "$a$$b$, $c$ and $d$.", line("<math>a</math>$b$, <math>c</math> and <math>d</math>.")},
		{"marks of Markdown", `$a_b*c_d*[e](f){g}<h>&amp;\\$`, line(`<math>a_b*c_d*[e](f){g}&lt;h&gt;&amp;amp;\\</math>`)},
		{"over lines", "$a\nb$", line("<math>a\nb</math>")},
		{"in a quote", "> $a\n> b$", "<blockquote>\n" + line("<math>a\nb</math>") + "</blockquote>\n"},
		{"in code", "`$a$`", line("<code>$a$</code>")},
		{"in a fence", "```\n$a$\n$$\n```", "<pre><code>$a$\n$$\n</code></pre>\n"},
		{"in a heading", "## The $a$", `<h2 id="the-a">The <math>a</math></h2>` + "\n"},
		{"in emphasis", "*a $b*c$*", line("<em>a <math>b*c</math></em>")},
		{"in a caption", `<Callout title="a $b$">c</Callout>`, "<aside class=\"callout note\"><p class=\"title\">a <math>b</math></p>\nc</aside>\n"},
		{"in a cell", "| a |\n|---|\n| $b\\|c$ d |", "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Table 1\"><table>\n<thead>\n<tr>\n" +
			"<th scope=\"col\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td><math>b|c</math> d</td>\n</tr>\n</tbody>\n</table></div>\n"},
		{"displayed in a line", "a $$b$$ c", line(`a <math display="block">b</math> c`)},
		{"displayed first in a line", "$$b$$ c", line(`<math display="block">b</math> c`)},
		{"on a line", "a\n$$b$$\nc", line("a") + block("b") + line("c")},
		{"on lines", "$$\na\n= b\n- c\n$$\nd", block("\na\n= b\n- c\n") + line("d")},
		{"on lines without own", "$$ a\n$b$ $$", block(" a\n$b$ ")},
		{"indented", "- a\n\n      $$\n      {b}\n      $$", "<ul>\n<li>\n" + line("a") + block("\n    {b}\n    ") + "</li>\n</ul>\n"},
		{"in a component", "<Callout>\n    $$\n    a\n    $$\n</Callout>",
			"<aside class=\"callout note\"><p class=\"title\">Note</p>\n" + block("\n    a\n    ") + "</aside>\n"},
		{"in a quote on lines", "> $$\n> a\n> $$\nb", "<blockquote>\n" + block("\na\n") + "</blockquote>\n" + line("b")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), spelled)
			for _, f := range faults {
				t.Error(f)
			}
			if diff := cmp.Diff(tc.want, got.HTML); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFormulaFaults(t *testing.T) {
	t.Parallel()

	const mend = "; mend the formula, or write \\$ for the characters"
	const open = "the $$ here is not closed; end the formula by $$ at the end of a line, without an empty line before, or write \\$ for the characters"
	for _, tc := range []struct{ name, markdown, want string }{
		{"in a line", "ä $b!$", "x.mdx:6:5: no !" + mend},
		{"over lines", "> $b\n>  ä!$", "x.mdx:7:5: no !" + mend},
		{"in a heading, once", "## a $!$", "x.mdx:6:7: no !" + mend},
		{"in a cell", "| a |\n|---|\n| $b\\|c!$ d |", "x.mdx:8:8: no !" + mend},
		{"on lines", "- a\n\n  $$\n  b!\n  $$", "x.mdx:9:4: no !" + mend},
		{"not closed", "a\n\n  $$ b\n\nc $$", "x.mdx:8:3: " + open},
		{"not closed at the end", "$$", "x.mdx:6:1: " + open},
		{"in an image's text", "![a $b$](media/x.svg)", "x.mdx:6:1: the alternative text of an image has no tags and formulas; write text alone"},
		{"on lines in a title", `<Callout title="$$a$$">b</Callout>`,
			"x.mdx:6:16: title of <Callout>: it takes a line of text, without lists, headings, images and the like"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := mdx.Scan("x.mdx", []byte(front+tc.markdown), spelled)
			if diff := cmp.Diff(tc.want, text(faults)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A document that is kept as it is keeps its dollars, and says so.
func TestKeptFormulas(t *testing.T) {
	t.Parallel()

	r := spelled
	r.Unknown = mdx.Keep
	got, faults := mdx.Render("x.mdx", []byte(front+"cost $HOME!$ or\n\n$$ <b>\n"), r)
	want := "<p>cost $HOME!$ or</p>\n<div class=\"formula\" tabindex=\"0\" role=\"group\" aria-label=\"Formula\">$$ &lt;b&gt;\n</div>\n"
	if diff := cmp.Diff(want, got.HTML); diff != "" || len(faults) > 0 {
		t.Errorf("%s (-want +got):\n%s", text(faults), diff)
	}
	if diff := cmp.Diff([]mdx.Kept{{Name: "$…$", Count: 2, Line: 6, Column: 11}}, got.Kept); diff != "" {
		t.Error(diff)
	}
}

// TestCorpusFormulas reads the corpus as if its dollars were mathematics: its
// authors did not know, and none of it may get lost.
func TestCorpusFormulas(t *testing.T) {
	t.Parallel()

	corpus := unpack(t, "testdata/reference/corpus.tar.gz")
	differ, formulas := mdx.FormulasIn(t, corpus)
	if differ > 0 || formulas > 0 {
		t.Errorf("%d files differ, with %d formulas", differ, formulas)
	}
}

// hostileFormulas lead elsewhere, grow, or never end.
var hostileFormulas = []string{
	`$\href{javascript:alert(1)}{x}$`, `$$\includegraphics{https://x.org/a.png}$$`, `$\class{evil}{x}$`, `$\text{<script>alert(1)</script>}$`,
	`$\text{</mtext></math><img src=x onerror=alert(1)>}$`, `$\rule{99em}{99em}$`, `$\def\a{\a}\a$`, "$$\n" + strings.Repeat("{", 10_000) + "\n$$",
	strings.Repeat("$", 20_000), strings.Repeat("$a ", 10_000), strings.Repeat("$$a ", 7_000), strings.Repeat("$$a\n\n", 5_000),
	"$$\n$$\n$$\n$$\n", "> $$\na\n> $$", "- $$\n  a\n$$", `| $a\|b | c$ |` + "\n|---|---|\n", "$a\x00$", "$\u202e$", "[$a](b$)", "*$a*$", "<b>$a</b>$", "{$a$}", "$$\r\na\r\n$$\r\n",
	"\t$$\n\ta$$\n", ">\t$$ a\n>\tb $$", "```js {1,3-99999999999} ins={-5} del={1-}\na\n```", "``` {1}\n\n```", "```go title=\"$a$\" {1}\nfunc\n```",
}

func TestHostileFormulas(t *testing.T) {
	t.Parallel()

	for _, markdown := range hostileFormulas {
		lesson, faults := mdx.Render("lessons/x.mdx", []byte(front+markdown), typeset)
		if len(faults) == 0 && lesson.HTML == "" {
			t.Errorf("%.60q vanished without a fault", markdown)
		}
		if problem := dangerous(lesson.HTML); problem != "" {
			t.Errorf("%.60q has %s:\n%s", markdown, problem, lesson.HTML)
		}
	}
}

// TestManyFormulas counts those of attributes, too.
func TestManyFormulas(t *testing.T) {
	t.Parallel()

	many := strings.Repeat("$a$ ", 998) + "\n\n<Callout title=\"$a$\">b</Callout>\n\n"
	if _, faults := mdx.Render("lessons/x.mdx", []byte(front+many+"$a$\n"), spelled); len(faults) > 0 {
		t.Errorf("1000 formulas: %v", faults)
	}
	_, faults := mdx.Render("lessons/x.mdx", []byte(front+many+"$a$\n\nb $a$ $a$"), spelled)
	if want := "x.mdx:12:3: the lesson has over 1000 formulas; split it"; text(faults) != want {
		t.Errorf("%s, want %s", text(faults), want)
	}
}

func TestListings(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, markdown, want string }{
		{"coloured", "```go\nfunc f() {\n}\n```", `<pre><code class="language-go"><span class="k">func</span> <span class="f">f</span>() {` + "\n}\n</code></pre>\n"},
		{"unknown language", "```metar\n<b>\n```", "<pre><code class=\"language-metar\">&lt;b&gt;\n</code></pre>\n"},
		{"too long", "```go\n" + strings.Repeat("altitude\n\n", 3_500) + "\nfunc\n```", "<pre><code class=\"language-go\">" + strings.Repeat("altitude\n\n", 3_500) + "\nfunc\n</code></pre>\n"},
		{"marked", "```text {1,3-4} ins={2} del={9} frame=\"none\" /x/\na\nb\nc\nd\n```",
			"<pre><code class=\"language-text\"><mark>a\n</mark><ins>b\n</ins><mark>c\n</mark><mark>d\n</mark></code></pre>\n"},
		{"with a title", "```js title='a \"b\"' {1}\n1\n```", "<figure><pre><code class=\"language-js\"><mark><span class=\"m\">1</span>\n</mark></code></pre>\n" +
			"<figcaption>a &#34;b&#34;</figcaption></figure>\n"},
		{"empty", "```go\n```", "<pre><code class=\"language-go\"></code></pre>\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), typeset)
			for _, f := range faults {
				t.Error(f)
			}
			if diff := cmp.Diff(tc.want, got.HTML); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
