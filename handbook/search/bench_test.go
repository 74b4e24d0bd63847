package search_test

import (
	"bufio"
	"bytes"
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/search"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

// What readers ask for; "of" and "#" begin a comment. One in ten is "runway",
// which a tenth of all sections contain.
//
//go:embed testdata/queries.txt
var queries string

// maxP99 is within what all but one in a hundred searches must be answered, in
// milliseconds.
const maxP99 = 25

// BenchmarkFind has 16 readers search 100,000 sections of some 120 words, a
// hundred times each. It fails over maxP99.
func BenchmarkFind(b *testing.B) {
	const lessons, perLesson = 5000, 20
	p := platformtest.New(b)
	in := library(b, p, lessons, perLesson)
	var asked []string
	for lines := bufio.NewScanner(bytes.NewReader([]byte(queries))); lines.Scan(); {
		asked = append(asked, lines.Text())
	}
	searches(b, p, in, asked) // so that the connections are open, and what is asked for often is in memory
	var took []time.Duration
	for b.Loop() {
		took = append(took, searches(b, p, in, asked)...)
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return took[int(share*float64(len(took)-1))].Seconds() * 1000
	}
	b.ReportMetric(at(.5), "p50-ms")
	b.ReportMetric(at(.99), "p99-ms")
	if at(.99) > maxP99 {
		b.Errorf("one search in a hundred takes over %.0f ms, want %d ms at most", at(.99), maxP99)
	}
}

// searches has 16 readers search at once, and returns how long each search took.
func searches(b *testing.B, p *platform.Platform, in []search.Edition, asked []string) []time.Duration {
	b.Helper()
	const readers, each = 16, 100
	took := make([]time.Duration, readers*each)
	var all sync.WaitGroup
	for r := range readers {
		all.Go(func() {
			for i := r; i < len(took); i += readers {
				begin := time.Now()
				if _, err := search.Find(b.Context(), p.DB, in, []string{"private_commercial"}, asked[i%len(asked)]); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(begin)
			}
		})
	}
	all.Wait()
	return took
}

// library publishes lessons of made-up text and indexes them. Words are as
// frequent as in a language: the n-th most frequent one n times rarer.
func library(b *testing.B, p *platform.Platform, lessons, perLesson int) []search.Edition {
	b.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	vocabulary := vocabulary(dice)
	zipf := rand.NewZipf(dice, 1.1, 20, uint64(len(vocabulary)-1))
	pub := platformtest.Volume("private_commercial", "Private Pilot", 7900)
	for i := range lessons {
		pub.Lessons = append(pub.Lessons, version.Lesson{Head: version.Head{ID: "lesson-" + uuid.NewString(), Title: vocabulary[zipf.Uint64()], Words: i}})
	}
	v := platformtest.Publish(b, p, pub)
	var rows [][]any
	for _, l := range pub.Lessons {
		for i := range perLesson {
			text := make([]string, 120)
			for j := range text {
				text[j] = vocabulary[zipf.Uint64()]
			}
			if dice.IntN(10) == 0 {
				text[dice.IntN(len(text))] = "runway"
			}
			var codes []string
			if dice.IntN(20) == 0 {
				codes = []string{"91.155"}
				if dice.IntN(20) == 0 { // in its title
					codes = append(codes, "#91.155")
				}
			}
			title := vocabulary[zipf.Uint64()] + " " + vocabulary[zipf.Uint64()]
			rows = append(rows, []any{v.ID, l.ID, i, "a", title, db.Present(codes), strings.Join(text, " ")})
		}
	}
	copyIn(b, p, "sections", []string{"version_id", "lesson_id", "position", "anchor", "title", "codes", "body"}, rows)
	var words [][]any
	for _, w := range vocabulary {
		words = append(words, []any{w})
	}
	copyIn(b, p, "search_words", []string{"word"}, words)
	for _, table := range []string{"sections", "search_words"} {
		if _, err := p.DB.Exec(b.Context(), `ANALYZE `+table); err != nil {
			b.Fatal(err)
		}
	}
	in, err := search.Editions(b.Context(), p.DB)
	if err != nil {
		b.Fatal(err)
	}
	return in
}

func copyIn(b *testing.B, p *platform.Platform, table string, columns []string, rows [][]any) {
	b.Helper()
	for some := range slices.Chunk(rows, 500) { // a statement has its time
		err := db.Tx(b.Context(), p.DB, func(tx pgx.Tx) error {
			_, err := tx.CopyFrom(b.Context(), pgx.Identifier{table}, columns, pgx.CopyFromRows(some))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// vocabulary returns 20,000 words: those of the queries, and made-up ones.
func vocabulary(dice *rand.Rand) []string {
	known := map[string]bool{"runway": true} // planted where it belongs
	var all []string
	add := func(w string) {
		if !known[w] {
			known[w] = true
			all = append(all, w)
		}
	}
	syllables := strings.Fields("al ti tude wind cross air speed ap proach run vor hold ing fuel stall load fac tor na vi ga tion ra dar cloud vis i bil ity en gine mag ne to prop turn de scent climb")
	for len(all) < 20_000 {
		var w string
		for range 2 + dice.IntN(4) {
			w += syllables[dice.IntN(len(syllables))]
		}
		add(w)
		if len(all) == 3000 { // each in about one of two hundred sections
			for _, w := range search.Words(queries) {
				add(w)
			}
		}
	}
	return all
}
