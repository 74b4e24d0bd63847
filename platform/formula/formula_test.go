package formula_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"pilothandbook/platform/formula"
	"pilothandbook/platform/platformtest"
)

// TestTraining sets formulas of flight training.
func TestTraining(t *testing.T) {
	t.Parallel()

	var setter formula.Setter
	var got strings.Builder
	for _, tex := range training(t) {
		f, err := setter.Set(tex, true)
		if err != nil {
			t.Errorf("%s: %v", tex, err)
		}
		fmt.Fprintf(&got, "%s\n%s\n%s\n\n", tex, f.Text, f.MathML)
	}
	platformtest.Golden(t, "training.txt", got.String())
}

// training are formulas of flight training.
func training(tb testing.TB) []string {
	tb.Helper()
	all, err := os.ReadFile("testdata/training.tex")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(all)), "\n")
}

func TestErrors(t *testing.T) {
	t.Parallel()

	var setter formula.Setter
	for _, tc := range []struct {
		tex  string
		at   int
		text string
	}{
		{`a + \fracc{b}{c}`, 4, `Unsupported function name: \fracc`},
		{`Höhe + \frac{1}`, 16, `Unexpected end of input in a macro argument, expected '}'`},
		{`° + }`, 5, `Expected 'EOF', got '}'`},
		{`a𝑥`, 1, `the character 𝑥 is not for formulas; write a command for it`},
		{`{a`, 2, `Expected '}', got 'EOF'`},
		{`a_b_c`, 3, `Double subscript`},
		{`\begin{matrix}a`, 15, `Expected & or \\ or \cr or \end`},
		{"", 0, "the formula is empty; write it or remove the dollars"},
		{" \n", 0, "the formula is empty; write it or remove the dollars"},
		{strings.Repeat("a", 2001), 0, "the formula is over 2000 bytes; split it"},
		{"a\xff", 0, "this is not UTF-8"},
		{strings.Repeat("{", 900) + strings.Repeat("}", 900), 40, "the formula is nested deeper than 40 levels; make it simpler"},
		{strings.Repeat(`\left(`, 140) + strings.Repeat(`\right)`, 140), 240, "the formula is nested deeper than 40 levels; make it simpler"},
		{`x \def\a{\a}\a`, 2, `\def: lessons define no macros; write out what it stands for`},
		{`\textcolor{red}{x}`, 0, `\textcolor: colours are those of the page; remove it`},
		{`\tag{1} x`, 0, `\tag: formulas are not numbered; name them in the text`},
		{`\@ifstar{a}{b}`, 0, `\@ifstar is not for formulas; remove it`},
		{`\begin{equation}x\end{equation}`, 0, `the formula needs the style "padding:0", which lessons do not have; write it without`},
	} {
		_, err := setter.Set(tc.tex, true)
		var e *formula.Error
		if !errors.As(err, &e) {
			t.Errorf("%.40q: %v, want an error of the author's", tc.tex, err)
		} else if e.At != tc.at || e.Text != tc.text {
			t.Errorf("%.40q: %d %q, want %d %q", tc.tex, e.At, e.Text, tc.at, tc.text)
		}
	}
	if f, err := setter.Set("x", false); err != nil || f.Text != "x" {
		t.Errorf("after all errors: %+v, %v", f, err)
	}
}
