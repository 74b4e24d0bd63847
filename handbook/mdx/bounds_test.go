package mdx_test

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"pilothandbook/handbook/mdx"
)

// blocks returns a block again and again, until it is of a size.
func blocks(size int, block string) string { return repeat(block+"\n\n", size/(len(block)+2)) }

var repeat = strings.Repeat

func each(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}

// hard returns texts of about a size on which a Markdown parser takes very long
// or very much memory, and that are taken.
func hard(size int) map[string]string {
	return map[string]string{
		"nested strong":                blocks(size, repeat("*a **a ", 300)+"b"+repeat(" a** a*", 300)),
		"closers":                      blocks(size, repeat("a_ ", 1000)),
		"openers of three":             blocks(size, "a**b"+repeat("c* ", 3000)),
		"brackets":                     blocks(size, repeat("[", 500)+"a"+repeat("]", 500)),
		"brackets and parentheses":     blocks(size, repeat("[ (](", 500)),
		"titles that never close":      blocks(size, repeat("[a](b \"", 500)),
		"definitions that never close": blocks(size, repeat("[a]: b \"\n", 300)),
		"code spans":                   blocks(size, each(200, func(i int) string { return "e" + repeat("`", i+1) })),
		"blank lines in a list":        repeat("- ", 30) + "a\n" + repeat("\n", min(size/4, 19_000)) + repeat(" ", 60) + "b",
		"entities":                     blocks(size, repeat("&a", 5000)),
		"less than":                    blocks(size, repeat("a < b ", 3000)),
		"autolinks":                    blocks(size, repeat("a http://", 2000)),
		"addresses":                    blocks(size, repeat("a.", 5000)+"@"),
		"long headings":                blocks(size, "## "+repeat("a ", 1000)),
	}
}

// TestHard would not end if one of them took for ever.
func TestHard(t *testing.T) {
	t.Parallel()
	for name, markdown := range hard(80 << 10) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, faults := mdx.Render("lessons/x.mdx", []byte(front+markdown), files); len(faults) > 0 {
				t.Errorf("got %v", faults[len(faults)-1])
			}
		})
	}
}

// BenchmarkHard tells how the time that each takes grows with its size: as
// size to the power of 1.2 at most, and to one second.
func BenchmarkHard(b *testing.B) {
	const size = 20 << 10
	small, large := hard(size), hard(4*size)
	for name := range small {
		b.Run(name, func(b *testing.B) {
			var short, long time.Duration
			for b.Loop() {
				short, long = fastest(small[name]), fastest(large[name])
			}
			grows := math.Log(long.Seconds()/short.Seconds()) / math.Log(float64(len(large[name]))/float64(len(small[name])))
			b.ReportMetric(grows, "exponent")
			b.ReportMetric(long.Seconds()*1000, "ms")
			if grows > 1.2 || long > time.Second {
				b.Errorf("%d bytes take %s, %d take %s: that grows to the power of %.2f", len(small[name]), short, len(large[name]), long, grows)
			}
		})
	}
}

// fastest is the shortest of the times that a text took. Garbage is collected
// between them: the large text would alone make enough for that.
func fastest(markdown string) time.Duration {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	shortest := time.Hour
	for range 20 {
		runtime.GC()
		began := time.Now()
		mdx.Render("lessons/x.mdx", []byte(front+markdown), files)
		shortest = min(shortest, time.Since(began))
	}
	return shortest
}

// TestBounds gives texts that a Markdown parser would take for ever over, and
// that are refused; it would not end if they were not.
func TestBounds(t *testing.T) {
	t.Parallel()

	blocks := func(block string) string { return blocks(80<<10, block) }
	for _, tc := range []struct{ name, markdown, want string }{
		{"too long", repeat("a b\n\n", 1<<19), "x.mdx: the lesson is over 2 MiB; split it"},
		{"too many lines", repeat("\n", 20_001), "x.mdx: the lesson has over 20000 lines; split it"},
		{"long block", "a\n\n" + repeat("word ", 8<<10), "x.mdx:8:1: this block is over 32 KiB; put an empty line into it"},
		{"quotes", repeat("> ", 33) + "a", "x.mdx:6:1: quotes and lists are nested deeper than 32 levels; take some of them apart"},
		{"lists on a line", "a\n\n" + repeat("- ", 40) + "a", "x.mdx:8:1: quotes and lists are nested deeper than 32 levels; take some of them apart"},
		{"lists over lines", each(300, func(i int) string { return repeat("  ", i) + "* a\n" }), "x.mdx:106:1: this line is indented by over 200 columns; indent it less"},
		{"wide table", repeat("|x", 4000) + "\n" + repeat("|-", 4000) + "\n" + repeat("x\n", 20), "x.mdx:19:1: the lesson's tables have over 50000 cells; split it"},
		{"wide table in a quote", "> " + repeat("|x", 4000) + "\n> " + repeat("|-", 4000) + "\n" + repeat("> x\n", 20), "x.mdx:19:1: the lesson's tables have over 50000 cells; split it"},
		{"footnotes", repeat("[^a]\n\n", 2001), "x.mdx: the lesson has over 2000 footnotes and references to them; split it"},
		{"links", repeat("[a]\n\n", 5001) + "[a]: https://x.org", "x.mdx: the lesson has over 5000 links and images; split it"},
		{"large links", "[a]: https://x.org/" + repeat("a", 2000) + "\n\n" + repeat("[a]\n\n", 4900), "x.mdx:1:1: the lesson's HTML is too long; split the lesson"},
		{"long address", "[a](https://x.org/" + repeat("a", 2048) + ")", "x.mdx:6:1: the address is over 2,048 characters; give a shorter one"},
		{"many faults", repeat("<a/> ", 300), "x.mdx:6:1001: there are more faults; these are the first 200 found"},
		{"emphasis that never closes", blocks(repeat("*a_ ", 8000)), "x.mdx:6:1: this block has too many brackets, *, _ and ~; put empty lines into it"},
		{"nested brackets", blocks(repeat("[", 16000) + repeat("]", 16000)), "x.mdx:6:1: this block has too many brackets, *, _ and ~; put empty lines into it"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
			got := ""
			if len(faults) > 0 {
				got = strings.TrimPrefix(fmt.Sprint(faults[len(faults)-1]), "lessons/")
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
