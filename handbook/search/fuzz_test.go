package search_test

import (
	"slices"
	"strings"
	"testing"

	"pilothandbook/handbook/search"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/hostile"
)

// FuzzSearchQuery asks PostgreSQL whatever somebody may type: it always answers,
// and who may not read a lesson finds no word of it.
func FuzzSearchQuery(f *testing.F) {
	p := shelf(f,
		lesson("wind", "Wind triangle", `<p>Drift.</p><h2 id="crosswind">Crosswind component</h2><p>Limited by 91.103(b), V_A and PA.I.D.K3c.</p>`),
		lesson("fuel", "Fuel planning", `<p>`+platformtest.Canary+` &lt;-&gt; it's 45 minutes.</p>`),
	)
	in, err := search.Editions(f.Context(), p.DB)
	if err != nil || len(in) != 1 {
		f.Fatalf("%d editions, %v", len(in), err)
	}
	naughty, err := hostile.Naughty()
	if err != nil {
		f.Fatal(err)
	}
	for _, typed := range slices.Concat(naughty, []string{
		"crosswnd", "cross", `"reserve fuel`, "wind -gusts", "-", "- -", `-"`, `""`, `" "`, "91.103(", "pa.i", "V_", "a:*", "a:b", "a:1A", "a:1A,2B*", "!a", "!!", "a & ", "a | | b",
		"<->", "a <-> ", "a <2> b", "<99999>", "(((", ")", "a ( b", `\`, `\'`, "'", "''", "' | 'a':*", "%", "_", "%_%", `\%`, "or", "or or", "a or", "OR -a", "wind or", "the:*", "ﬃ", "İ",
		"ß", "\u0130\u0307", "a\u0301", "\u200b", "𝕨𝕚𝕟𝕕", "٣٤٥", "²³", "a-b-c", "a--b", "-a-", "http://a/b?c#d", "a@b.c", "1e10", "-1.5e-3", "&amp;", "<b>", "</b>", "a\x00b", "\xff", "\ufeff",
		strings.Repeat("a", 300), strings.Repeat("a ", 150), strings.Repeat("-a ", 100), strings.Repeat(`"a" `, 60), strings.Repeat("(", 200), strings.Repeat("wnid ", 40),
	}) {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		for _, opens := range [][]string{nil, {"private_commercial"}} {
			a, err := search.Find(t.Context(), p.DB, in, opens, typed)
			if err != nil || len(a.Hits) > 12 {
				t.Fatalf("%q finds %d sections, %v", typed, len(a.Hits), err)
			}
			for _, h := range a.Hits {
				if opens == nil && (h.Open != (h.Lesson == "wind") || strings.Contains(said(h), platformtest.Canary)) {
					t.Errorf("%q finds %+v", typed, h)
				}
			}
		}
	})
}

// said is all that a hit tells.
func said(h search.Hit) string {
	all := h.Title + h.Within
	for _, s := range h.Snippet {
		all += s.Text
	}
	return all
}
