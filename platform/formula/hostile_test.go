package formula_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"golang.org/x/net/html"

	"pilothandbook/platform/formula"
)

// hostile are formulas that lead elsewhere, grow, or never end.
var hostile = []string{
	`\def\a{\a\a}\a`, `\def\a{\b}\def\b{\a}\a`, `\gdef\x{y}\x`, `\newcommand{\a}[1]{#1#1}\a{\a{\a{x}}}`, `\let\a=\def \a\b{c}`,
	strings.Repeat("{", 900) + "x" + strings.Repeat("}", 900),
	strings.Repeat("{", 10_000), strings.Repeat(`\frac{`, 10_000), strings.Repeat("x^", 500), strings.Repeat(`\left(`, 300),
	`\href{javascript:alert(1)}{x}`, `\url{javascript:alert(1)}`, `\includegraphics{https://x.org/a.png}`,
	`\class{evil}{x}`, `\htmlClass{evil}{x}`, `\htmlId{a}{x}`, `\htmlStyle{color:red}{x}`, `\htmlData{a=b}{x}`, `\style{x}{y}`,
	`\rule{99999em}{99999em}`, `\hspace{99999em}`, `\kern-99999em x`, `\raisebox{9999em}{x}`, `\rule{-9em}{1em}`, `\mathllap{x}`,
	`\text{<script>alert(1)</script>}`, `\text{</mtext></math><img src=x onerror=alert(1)>}`, `<script>alert(1)</script>`,
	`\text{&lt;script&gt;}`, `\mathrm{"onclick="alert(1)}`, `\char"3C`, `\char"0`, `\char"D800`, `\unicode{x3C}`, `\verb|<script>|`,
	`\color{red;background:url(x)}x`, `\colorbox{expression(1)}{x}`, `\begin{array}{` + strings.Repeat("c", 1900) + `}\end{array}`,
	`\__proto__`, `\constructor`, `\begin{__proto__}x\end{__proto__}`, `\operatorname{constructor}`, `x\toString`,
	"日本語 ½ ° ′ é", "\u202eabc", "a\x00b", "\ufeff", "a\u200db", `\text{😀}`, "%", "% comment", "#1", "a & b", `\\`, "$", `\$`, "~",
	strings.Repeat(`\binom{n}{k}`, 150), strings.Repeat("a", 2000), strings.Repeat(`\overbrace{x}`, 150), strings.Repeat("'", 1999),
	strings.Repeat(`\implies`, 250), strings.Repeat(`\dots`, 400), `\ce{H2O}`, `\pu{1}`, `\begin{CD}A@>a>>B\end{CD}`, `\begin{document}x\end{document}`,
	`\input{/etc/passwd}`, `\write18{ls}`, `\catcode\x=1`, `\csname def\endcsname\a{b}`, `\require{html}`, `\toggle{a}{b}\endtoggle`,
}

func TestHostile(t *testing.T) {
	t.Parallel()

	var setter formula.Setter
	for _, tex := range hostile {
		if problem := wrong(&setter, tex); problem != "" {
			t.Errorf("%.60q: %s", tex, problem)
		}
	}
	// One formula leaves nothing to the next.
	if f, err := setter.Set(`\a`, false); err == nil {
		t.Errorf(`\a is %+v`, f)
	}
}

// wrong tells what is wrong with what becomes of a formula: an error must be
// the author's and point into the formula, markup must be MathML alone.
func wrong(setter *formula.Setter, tex string) string {
	f, err := setter.Set(tex, true)
	var e *formula.Error
	switch {
	case err == nil:
		return notMathML(f.MathML)
	case !errors.As(err, &e):
		return "an error that is not the author's: " + err.Error()
	case e.At < 0 || e.At > len(tex) || e.Text == "":
		return "an error somewhere else: " + e.Text
	}
	return ""
}

var plain = []string{"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover",
	"munderover", "mmultiscripts", "mprescripts", "mtable", "mtr", "mtd", "mpadded", "mphantom", "menclose"}

// notMathML tells what a browser finds that is not MathML, or not allowed.
func notMathML(src string) string {
	doc, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return err.Error()
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data == "html" || n.Data == "head" || n.Data == "body" {
			continue
		}
		if n.Namespace != "math" || !slices.Contains(plain, n.Data) {
			return "<" + n.Data + "> in " + src
		}
		for _, a := range n.Attr {
			if a.Key == "style" || a.Key == "href" || a.Key == "id" || strings.HasPrefix(a.Key, "on") || a.Key == "class" && !strings.HasPrefix(a.Val, "tml-") {
				return a.Key + " in " + src
			}
		}
	}
	return ""
}

// What the bounds keep from the script, the script survives too.
func TestUnbounded(t *testing.T) {
	t.Parallel()

	var setter formula.Setter
	for _, tc := range []struct{ tex, want string }{
		{strings.Repeat(`\left(`, 5_000), "the formula is nested too deep; make it simpler"},
		{`\def\a{\a}\a`, "Too many expansions: infinite loop or need to increase maxExpand setting"},
		{`\href{javascript:alert(1)}{x}`, `Unsupported function name: \href`},
		{`\includegraphics{x}`, `Function "\includegraphics" is not trusted`},
	} {
		var e *formula.Error
		if out, err := setter.Run(tc.tex); !errors.As(err, &e) || e.Text != tc.want {
			t.Errorf("%.30q gives %q and %v, want %q", tc.tex, out, err, tc.want)
		}
	}
	if out, err := setter.Run("x"); err != nil || !strings.Contains(out, "<mi>x</mi>") {
		t.Errorf("after all errors: %q, %v", out, err)
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()

	after, err := formula.Loop(time.Millisecond)
	if interrupted := new(goja.InterruptedError); !errors.As(err, &interrupted) || after != 2 {
		t.Errorf("%v, and afterwards 1 + 1 = %d", err, after)
	}
}

// TestSlowTogether: formulas that are slow one by one cannot hold up a text for
// long.
func TestSlowTogether(t *testing.T) {
	t.Parallel()

	var setter formula.Setter
	if _, err := setter.Set("a", false); err != nil {
		t.Fatal(err)
	}
	setter.Slow(time.Minute - setter.Took())
	if _, err := setter.Set("b", false); err != nil {
		t.Errorf("before the limit: %v", err)
	}
	setter.Slow(time.Nanosecond)
	_, err := setter.Set("c", false)
	if own := new(formula.Error); err == nil || errors.As(err, &own) {
		t.Errorf("beyond the limit: %v", err)
	}
	if _, err := setter.Set("a", false); err != nil {
		t.Errorf("one that was set before: %v", err)
	}
}

// TestSlowCounts has a formula that the script never ends with.
func TestSlowCounts(t *testing.T) {
	t.Parallel()

	var setter formula.Setter
	if _, err := setter.Set("a", false); err != nil {
		t.Fatal(err)
	}
	before := setter.Took()
	setter.Hang()
	if _, err := setter.Set("b", false); err == nil || setter.Took() < before+time.Second {
		t.Errorf("%v, after which it took %v", err, setter.Took())
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()

	for _, src := range []string{
		`<math><script>alert(1)</script></math>`, `<math><mi href="javascript:alert(1)">x</mi></math>`, `<math><annotation-xml>x</annotation-xml></math>`,
		`<math><mi onclick="alert(1)">x</mi></math>`, `<math><mspace width="9999em"></mspace></math>`, `<math><mi style="color:red">x</mi></math>`,
		`<math><mglyph src="x"></mglyph></math>`, `<p>x</p>`, `<math></math><math></math>`, `<math>`, `x`, ``,
	} {
		if f, err := formula.Check(src); err == nil {
			t.Errorf("%s becomes %s", src, f.MathML)
		}
	}
	got, err := formula.Check(`<math><mi class="evil tml-left" style="padding-left:0em;">&lt;b&gt;</mi></math>`)
	if want := `<math alttext="&lt;b&gt;"><mi class="tml-l0 tml-left">&lt;b&gt;</mi></math>`; err != nil || got.MathML != want {
		t.Errorf("%s, %v, want %s", got.MathML, err, want)
	}
}

func FuzzSet(f *testing.F) {
	for _, tex := range hostile {
		f.Add(tex)
	}
	var setter formula.Setter
	f.Fuzz(func(t *testing.T, tex string) {
		setter.Forget()
		if problem := wrong(&setter, tex); problem != "" {
			t.Error(problem)
		}
	})
}

// BenchmarkSet sets formulas of flight training, and tells the time of one.
func BenchmarkSet(b *testing.B) {
	texs := training(b)
	for b.Loop() {
		var setter formula.Setter
		for _, tex := range texs {
			if _, err := setter.Set(tex, true); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(texs)), "µs/formula")
}
