package search_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/search"
)

func TestSplit(t *testing.T) {
	t.Parallel()

	got := search.Split("Weather minimums", "What 91.155 asks for.", `
		<p>Before &amp; after <b>V</b><sub>A</sub>.</p>
		<h2 id="class-e">Class <em>E</em> <a href="#class-e">#</a></h2>
		<table><tbody><tr><td>Visibility</td><td>3 SM</td></tr></tbody></table>
		<h3 id="lift">Lift <math alttext="C_L"><msub><mi>C</mi><mi>L</mi></msub></math></h3>
		<p>Here <math alttext="L &lt; C_L ⋅ V^2"><mi>L</mi><mo>&lt;</mo><msub><mi>C</mi><mi>L</mi></msub><mo>⋅</mo><msup><mi>V</mi><mn>2</mn></msup></math>.</p>
		<pre><code class="language-go"><span class="k">func</span> <span class="f">f</span>()
<mark>{</mark></code></pre>
		<h3 id="at-night">At night</h3><p>Speed is <code>V_NO</code>.</p><figure><img src="x.svg" alt="Cloud clearances"></figure>`)
	want := []search.Section{
		{"", "Weather minimums", "What 91.155 asks for. Before & after VA.", []string{"91.155"}},
		{"class-e", "Class E #", "Visibility 3 SM", nil},
		{"lift", "Lift C_L", "Here L < C_L ⋅ V^2. func f() {", []string{"c_l"}},
		{"at-night", "At night", "Speed is V_NO. Cloud clearances", []string{"v_no"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		text string
		want []string
	}{
		{"PA.I.F.K2a", []string{"pa", "pa.i", "pa.i.f", "pa.i.f.k2", "pa.i.f.k2a"}},
		{"IR.VI.B.S16", []string{"ir", "ir.vi", "ir.vi.b", "ir.vi.b.s16"}},
		{"CA.I.F.R10b2", []string{"ca", "ca.i", "ca.i.f", "ca.i.f.r10", "ca.i.f.r10b", "ca.i.f.r10b2"}},
		{"see 14 CFR 91.155(a)(1).", []string{"91.155", "91.155(a)", "91.155(a)(1)"}},
		{"V_A and V_NE2", []string{"v_a", "v_ne2"}},
		{"at 3,000 ft, 29.92", []string{"29.92"}},
		{"VFR at noon. Then go", nil},
	} {
		if got := search.Codes(tc.text); !slices.Equal(got, tc.want) {
			t.Errorf("%q has %q, want %q", tc.text, got, tc.want)
		}
	}
}

func TestNear(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"fuel", "fuel", true}, {"fule", "fuel", true}, {"ful", "fuel", true}, {"fuell", "fuel", true}, {"fual", "fuel", true},
		{"crosswnd", "crosswind", true}, {"lufe", "fuel", false}, {"fu", "fuel", false}, {"", "a", true}, {"ab", "ba", true}, {"abc", "cba", false},
		{"naïve", "naive", true},
	} {
		if got := search.Near(tc.a, tc.b); got != tc.want || search.Near(tc.b, tc.a) != tc.want {
			t.Errorf("%q and %q near: %v", tc.a, tc.b, got)
		}
	}
}
