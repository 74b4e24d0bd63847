package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/search"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

// shelf publishes lessons by their text and indexes them; the first is free.
func shelf(t testing.TB, lessons ...version.Lesson) *platform.Platform {
	t.Helper()
	p := platformtest.New(t)
	pub := platformtest.Volume("private_commercial", "Private Pilot", 7900)
	for i, l := range lessons {
		l.Preview = i == 0
		l.Summary = "About " + l.Title + "."
		pub.Lessons = append(pub.Lessons, l)
	}
	v := platformtest.Publish(t, p, pub)
	for range 2 { // once more changes nothing
		index(t, p, v.ID)
	}
	return p
}

func index(t testing.TB, p *platform.Platform, id uuid.UUID) {
	t.Helper()
	if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { _, err := search.Index(t.Context(), tx, id); return err }); err != nil {
		t.Fatal(err)
	}
}

func activate(t *testing.T, p *platform.Platform, id uuid.UUID) {
	t.Helper()
	if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return version.Activate(t.Context(), tx, id, uuid.Nil) }); err != nil {
		t.Fatal(err)
	}
}

func lesson(id, title, html string) version.Lesson {
	return version.Lesson{Head: version.Head{ID: id, Title: title, Words: 10}, HTML: html}
}

// look returns what is found, a line for each hit.
func look(t *testing.T, p *platform.Platform, opens []string, typed string) string {
	t.Helper()
	in, err := search.Editions(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	a, err := search.Find(t.Context(), p.DB, in, opens, typed)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if a.Corrected != "" {
		fmt.Fprintf(&b, "(%s) ", a.Corrected)
	}
	for i, h := range a.Hits {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(h.Lesson)
		if h.Anchor != "" {
			b.WriteString("#" + h.Anchor)
		}
	}
	return b.String()
}

func TestFind(t *testing.T) {
	t.Parallel()

	p := shelf(t,
		lesson("wind", "Wind triangle", `<p>Drift.</p><h2 id="crosswind">Crosswind component</h2><p>The wind from the side, limited by 91.103(b).</p><h2 id="gusts">Gusts</h2><p>A crosswind that comes and goes, at V_A or less.</p>`),
		lesson("fuel", "Fuel planning", `<p>Land with fuel in reserve, see 91.151 and PA.I.D.K3c.</p><h2 id="night">At night</h2><p>Reserve fuel for 45 minutes. CG limits.</p>`),
	)
	for _, tc := range []struct{ name, typed, want string }{
		{"title before text", "crosswind", "wind#crosswind; wind#gusts"},
		{"stems", "crosswinds", "wind#crosswind; wind#gusts"},
		{"all words", "crosswind goes", "wind#gusts"},
		{"a phrase", `"reserve fuel"`, "fuel#night"},
		{"an open phrase", `"reserve fuel`, "fuel#night"},
		{"typographic quotes", "“reserve fuel”", "fuel#night"},
		{"without a word", "crosswind -gusts", "wind#crosswind"},
		{"being typed", "cross", "wind#crosswind; wind#gusts"},
		{"being typed, after a word", "side cros", "wind#crosswind"},
		{"a typo", "crosswnd", "(crosswind) wind#crosswind; wind#gusts"},
		{"a typo beside a word", "fuel resreve", "(fuel reserve) fuel; fuel#night"},
		{"swapped", "fule", "(fuel) fuel; fuel#night"},
		{"a typo before a comma", "crosswnd, side", "(crosswind, side) wind#crosswind"},
		{"a typo in brackets", "(crosswnd)", "((crosswind)) wind#crosswind; wind#gusts"},
		{"a typo beside a stop word", "the fule", "(the fuel) fuel; fuel#night"},
		{"a typo of a stop word", "teh fuel", "(the fuel) fuel; fuel#night"},
		{"a regulation", "91.103", "wind#crosswind"},
		{"with its sign", "§91.103(b)", "wind#crosswind"},
		{"with its sign apart", "§ 91.103", "wind#crosswind"},
		{"an abbreviation with stops", "c.g. limits", "fuel#night"},
		{"not a word of its title", "fuel -night", "fuel"},
		{"nor of its text", "crosswind -side", "wind#gusts"},
		{"without a phrase", `crosswind -"comes and goes"`, "wind#crosswind"},
		{"with another hyphen", "crosswind −gusts", "wind#crosswind"},
		{"part of no number", "91.15", ""},
		{"an ACS code by its task", "pa.i.d", "fuel"},
		{"an ACS code", "PA.I.D.K3c", "fuel"},
		{"an ACS code without the letter of its part", "PA.I.D.K3", "fuel"},
		{"no other element", "PA.I.D.K", ""},
		{"a symbol", "V_A", "wind#gusts"},
		{"a code and a word", "fuel 91.151", "fuel"},
		{"without a code", "wind -91.103", "wind"},
		{"only against something", "-gusts", ""},
		{"nothing", "helicopter", ""},
		{"stop words alone", "the of", ""},
		{"punctuation alone", `!!! ''' :* & | ( ) <-> \ "`, ""},
		{"operators of PostgreSQL", "wind & !gust:*", ""},
		{"controls", "cross\x00wind\x02", ""},
		{"not UTF-8", "wind\xff", "wind; wind#crosswind"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := look(t, p, []string{"private_commercial"}, tc.typed); got != tc.want {
				t.Errorf("%q finds %q, want %q", tc.typed, got, tc.want)
			}
		})
	}
}

// TestFormerWords: a mistyped word that a former version has is no word of
// this one, and hides none.
func TestFormerWords(t *testing.T) {
	t.Parallel()

	p := shelf(t, lesson("wind", "Wind", `<p>A crosswnd, a crosswint, and thee fuel.</p>`))
	v := platformtest.Volume("private_commercial", "Private Pilot", 7900)
	v.Version.Version, v.Checksum = "2.0.0", "2.0.0"
	v.Lessons = []version.Lesson{lesson("wind", "Wind", `<p>A crosswind, and the fuel.</p>`)}
	index(t, p, platformtest.Publish(t, p, v).ID)
	for typed, want := range map[string]string{
		"crosswnd": "(crosswind) wind", "crosswint": "(crosswind) wind", "croswint": "", "the fule": "(the fuel) wind",
	} {
		if got := look(t, p, []string{"private_commercial"}, typed); got != want {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
	}
}

// TestEditions: a version that is not indexed yet leaves the one that readers
// had before it to be searched.
func TestEditions(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	want := func(when, number string) {
		t.Helper()
		in, err := search.Editions(t.Context(), p.DB)
		var got []string
		for _, e := range in {
			got = append(got, e.Module+" "+e.Checksum)
		}
		if err != nil || strings.Join(got, ", ") != number {
			t.Errorf("%s: %q, %v, want %q", when, got, err, number)
		}
	}
	edition := func(number string, publish func(testing.TB, *platform.Platform, version.Publication) version.Version) version.Version {
		v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding")
		v.Version.Version, v.Checksum = number, number
		return publish(t, p, v)
	}
	first := edition("1.0.0", platformtest.Publish)
	want("before the first is indexed", "")
	index(t, p, first.ID)
	want("the first", "instrument 1.0.0")
	second := edition("2.0.0", platformtest.Publish)
	want("before the second is indexed", "instrument 1.0.0")
	index(t, p, second.ID)
	want("the second", "instrument 2.0.0")
	index(t, p, edition("4.0.0", platformtest.Draft).ID)
	want("with one that nobody has had", "instrument 2.0.0")
	activate(t, p, first.ID)
	third := edition("3.0.0", platformtest.Publish)
	want("after a roll back", "instrument 1.0.0")
	index(t, p, third.ID)
	want("the third", "instrument 3.0.0")
	platformtest.Exec(t, p, `UPDATE content_versions SET is_active = false`)
	want("nothing is active", "")
}

// TestAgainst: who asks for nothing is told so, not that there is none.
func TestAgainst(t *testing.T) {
	t.Parallel()

	p := shelf(t, lesson("wind", "Wind", `<p>Wind.</p>`))
	for typed, want := range map[string]bool{
		"-gusts": true, "-91.103": true, `-"at the fix"`: true, "-gusts -91.103": true, "-": true,
		"wind -gusts": false, "91.103 -gusts": false, `"at the fix" -gusts`: false, "helicopter": false, "the of": false,
	} {
		a, err := search.Find(t.Context(), p.DB, nil, nil, typed)
		if err != nil || a.Against != want {
			t.Errorf("%s: %v, %v, want %v", typed, a.Against, err, want)
		}
	}
}

// TestTeaser: who may not read a lesson learns that it has what they look for,
// and not a word of it.
func TestTeaser(t *testing.T) {
	t.Parallel()

	p := shelf(t, lesson("free", "Free", `<p>Nothing.</p>`),
		lesson("paid", "Paid", `<p>A secret crosswind.</p><h2 id="a">Secret heading crosswind</h2><p>More secret crosswind 91.999.</p>`))
	in, err := search.Editions(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{"crosswind", "91.999", "secret"} {
		for _, opens := range [][]string{nil, {"instrument"}} {
			a, err := search.Find(t.Context(), p.DB, in, opens, typed)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%+v", a.Hits)
			want := "[{Module:private_commercial Lesson:paid Anchor: Title:Paid Within:Private Pilot Snippet:[{Text:About Paid. Marked:false}] Open:false}]"
			if got != want {
				t.Errorf("%s: %s", typed, got)
			}
		}
	}
}

func TestSnippet(t *testing.T) {
	t.Parallel()

	p := shelf(t, lesson("wind", "Wind", `<p>`+strings.Repeat("Some words before it. ", 40)+`A &lt;b&gt;crosswind&lt;/b&gt; blows, see 91.103.</p>`))
	in, err := search.Editions(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	for typed, marked := range map[string]string{"crosswinds": "crosswind", "91.103": "91.103"} {
		a, err := search.Find(t.Context(), p.DB, in, nil, typed)
		if err != nil || len(a.Hits) != 1 {
			t.Fatal(err, a)
		}
		var text, marks string
		for _, s := range a.Hits[0].Snippet {
			text += s.Text
			if s.Marked {
				marks += s.Text
			}
		}
		if marks != marked || !strings.Contains(text, "crosswind") || len(text) > 400 {
			t.Errorf("%s: %q marked in %q", typed, marks, text)
		}
	}
}

// TestFrequent: of a word that more lessons begin with than are ranked, those
// with it in a title are found, and lessons that begin with it; whatever comes
// deeper in a lesson counts where there are fewer.
func TestFrequent(t *testing.T) {
	t.Parallel()

	const many = 120 // more than are ranked
	lessons := []version.Lesson{lesson("deep", "Deep", `<p>Nothing.</p><h2 id="a">A</h2><p>A runway runway runway with a flare.</p><h2 id="named">The runway</h2><p>Ahead.</p>`)}
	for i := range many {
		lessons = append(lessons, lesson(fmt.Sprintf("lesson-%03d", i), fmt.Sprintf("Lesson %d", i), `<p>The runway is long and wide, and clear of all.</p>`))
	}
	p := shelf(t, lessons...)
	hits := strings.Split(look(t, p, []string{"private_commercial"}, "runway"), "; ")
	if len(hits) != 12 || hits[0] != "deep#named" || slices.ContainsFunc(hits[1:], func(h string) bool { return !strings.HasPrefix(h, "lesson-") }) {
		t.Errorf("found are %q", hits)
	}
	if got := look(t, p, []string{"private_commercial"}, "runway flare"); got != "deep#a" {
		t.Errorf("with a rarer word it finds %q", got)
	}
}
