package compare_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/compare"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestTexts(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, from, to, want string }{
		{"the same", "<p>One two.</p>", "<p>One two.</p>", ""},
		{"other markup", `<p>One <b>two</b>.</p>`, "<div class=\"x\"><p>One\n <i>two</i>.</p></div><script>no</script>", ""},
		{"a word", "<p>Turn left at once.</p>", "<p>Turn right at once.</p>", "Turn [-left-] {+right+} at once.\n"},
		{"a paragraph comes", "<p>One.</p>", "<p>One.</p><p>Two.</p>", "One.\n{+Two.+}\n"},
		{"a paragraph goes", "<h2>Head</h2><p>One.</p><p>Two.</p>", "<h2>Head</h2><p>Two.</p>", "Head\n[-One.-]\nTwo.\n"},
		{"words within marks", "<p>fo<b>o</b>bar</p>", "<p>foo bar</p>", "[-foobar-] {+foo bar+}\n"},
		{"a figure", `<p>A <img src="/1.svg" alt="A hold"></p>`, `<p>A <img src="/2.svg" alt="A hold"></p>`, "A [-[A hold]-] {+[A hold]+}\n"},
		{"text that nobody reads", `<p>A <svg><text>x</text></svg>b</p>`, `<p>A <svg><text>y</text><svg></svg></svg>b</p>`, ""},
		{"far from each other", "<p>1 a</p><p>2</p><p>3</p><p>4</p><p>5 a</p>", "<p>1 b</p><p>2</p><p>3</p><p>4</p><p>5 b</p>",
			"1 [-a-] {+b+}\n2\n…\n4\n5 [-a-] {+b+}\n"},
		{"words that happen to be in both", "<p>Hold at the fix until told, then go on.</p>", "<p>Fly to the airport as cleared, then go on.</p>", "[-Hold at the fix until told,-] {+Fly to the airport as cleared,+} then go on.\n"},
		{"words that stayed", "<p>Turn left, then climb to 3,000 feet.</p>", "<p>Turn right, then climb to 4,000 feet.</p>", "Turn [-left,-] {+right,+} then climb to [-3,000-] {+4,000+} feet.\n"},
		{"words that end a line", "<p>one a two</p><p>b</p>", "<p>uno a due</p><p>b</p>", "[-one a two-] {+uno a due+}\nb\n"},
		{"letters beyond ASCII", "<p>über 日本 x</p>", "<p>über 日木 x</p>", "über [-日本-] {+日木+} x\n"},
	} {
		if diff := cmp.Diff(tc.want, compare.Print(compare.Texts(tc.from, tc.to))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.name, diff)
		}
	}
}

// What is left of a difference without what came is the one text, without what
// is gone the other: of long ones too, which are compared by paragraphs.
func TestTextsAreWhole(t *testing.T) {
	t.Parallel()

	for _, size := range []int{1, 30, 2_000, 30_000} {
		r := rand.New(rand.NewPCG(uint64(size), 1))
		var from, to strings.Builder
		for i := range size { // in each something differs, so that none is left out
			fmt.Fprintf(&from, "<p>a%d both w%d w%d</p>", i, r.IntN(size), r.IntN(size))
			fmt.Fprintf(&to, "<p>b%d both w%d w%d</p>", i, r.IntN(size), r.IntN(size))
		}
		var was, is []string
		for _, b := range compare.Texts(from.String(), to.String()) {
			for _, s := range b.Spans {
				if s.Op != compare.Inserted {
					was = append(was, s.Text)
				}
				if s.Op != compare.Deleted {
					is = append(is, s.Text)
				}
			}
		}
		plain := strings.NewReplacer("<p>", "", "</p>", " ")
		if strings.Join(was, " ") != strings.TrimSpace(plain.Replace(from.String())) || strings.Join(is, " ") != strings.TrimSpace(plain.Replace(to.String())) {
			t.Errorf("%d paragraphs: the difference has other words than the texts", size)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	first := platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor", "ndb", "ils"))
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "ils", "holding", "radials", "gps")
	v.Version.Version = "2.0.0"
	v.Lessons[0].Title = "The ILS"
	v.Lessons[0].HTML = "<h2>First</h2><p>Words that nobody had.</p>"
	v.Lessons[1].HTML = strings.ReplaceAll(v.Lessons[1].HTML, "free", "canary-of-the-paid-lessons") // that it was free is another matter
	v.Former = []version.Former{{ID: "vor", Moved: "radials"}, {ID: "ndb"}}
	second := platformtest.Publish(t, p, v)
	found, err := compare.Versions(t.Context(), p.DB, first.ID, second.ID)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range found {
		got[l.ID] = strings.Join(l.What, ", ")
	}
	for id, want := range map[string]string{
		"gps": compare.Added, "ndb": compare.Removed, "ils": "stands elsewhere, was called “Lesson ils”, free now, changed",
	} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
	}
	if !strings.HasPrefix(got["radials"], "was vor") || got["vor"] != "" {
		t.Errorf("the lesson that moved: %q", got["radials"])
	}
	same, err := compare.Versions(t.Context(), p.DB, second.ID, second.ID)
	if err != nil || len(same) != 0 {
		t.Errorf("a version differs from itself: %v, %v", same, err)
	}
}
