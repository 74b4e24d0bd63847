package search

import (
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
)

// marker finds in a text what a query asks for. It knows words by the stems
// that PostgreSQL has for them too: both are those of Snowball.
type marker struct {
	stems  []string
	prefix string
	codes  []string
}

func newMarker(q query) marker {
	m := marker{prefix: strings.TrimSuffix(q.prefix, ":*"), codes: q.codes}
	sought := strings.ToLower(strings.Join(q.sought(), " "))
	for from, to := range runs(sought) {
		if w := sought[from:to]; !english.IsStopWord(w) {
			m.stems = append(m.stems, english.Stem(w, false))
		}
	}
	return m
}

// runs yields where what a text search takes for a word begins and ends.
func runs(text string) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for at := 0; ; {
			gap := strings.IndexFunc(text[at:], inWord)
			if gap < 0 {
				return
			}
			from := at + gap
			at = len(text)
			if n := strings.IndexFunc(text[from:], notInWord); n >= 0 {
				at = from + n
			}
			if !yield(from, at) {
				return
			}
		}
	}
}

func inWord(r rune) bool    { return unicode.IsLetter(r) || unicode.IsNumber(r) }
func notInWord(r rune) bool { return !inWord(r) }

// asks returns which of the things that are asked for a word is, counted from
// 0, and -1 if it is none.
func (m marker) asks(word string) int {
	word = strings.ToLower(word)
	// A stem begins as its word does, and few words begin as one that is asked for.
	if i := slices.IndexFunc(m.stems, func(s string) bool { return s[0] == word[0] }); i >= 0 {
		if i := slices.Index(m.stems, english.Stem(word, false)); i >= 0 {
			return i
		}
	}
	if m.prefix != "" && strings.HasPrefix(word, m.prefix) {
		return len(m.stems)
	}
	return -1
}

// token is a word of a text with what stands around it, up to the next space.
type token struct {
	start, end int      // in the text
	marks      [][2]int // stretches that are asked for
	asked      int      // which of the things asked for it has; -1 if none
}

func (m marker) tokens(text string) []token {
	all := make([]token, 0, strings.Count(text, " ")+1)
	at := 0
	for part := range strings.SplitSeq(text, " ") {
		all = append(all, m.token(part, at))
		at += len(part) + 1
	}
	return all
}

// lower has the letters that codes have in lower case, and no other length.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func (m marker) token(part string, at int) token {
	t := token{start: at, end: at + len(part), asked: -1}
	for i, c := range m.codes {
		if from := strings.Index(lower(part), c); from >= 0 {
			t.asked, t.marks = len(m.stems)+1+i, [][2]int{{at + from, at + from + len(c)}}
			return t
		}
	}
	for from, to := range runs(part) {
		if asked := m.asks(part[from:to]); asked >= 0 {
			t.asked, t.marks = asked, append(t.marks, [2]int{at + from, at + to})
		}
	}
	return t
}

// snippet returns up to two stretches of a text with what was asked for: the
// one with most of it, and one with something that the first has not.
func (m marker) snippet(text string) []Span {
	words := m.tokens(text)
	first, _ := best(words, nil)
	chosen := []stretch{first}
	if second, ok := best(words, words[first.from:first.to]); ok {
		chosen = append(chosen, second)
	}
	slices.SortFunc(chosen, func(a, b stretch) int { return a.from - b.from })
	return cut(text, words, chosen)
}

// stretch is some words that follow each other.
type stretch struct{ from, to int }

// How long a stretch is, in words, and how many of them stand before what was
// asked for.
const (
	length = 20
	before = 6
)

// best returns the stretch that has most of what was asked for, leaving out
// what others have, and whether there is any; else it is the beginning.
func best(words, others []token) (stretch, bool) {
	most, at := 0, 0
	for i, w := range words {
		if w.asked < 0 {
			continue
		}
		if n := news(words[i:min(i+length-before, len(words))], others); n > most {
			most, at = n, i
		}
	}
	from := max(0, min(at-before, len(words)-length))
	return stretch{from, min(from+length, len(words))}, most > 0
}

// news returns how many of the things asked for words have, and others not.
func news(words, others []token) int {
	seen := map[int]bool{-1: true}
	for _, w := range others {
		seen[w.asked] = true
	}
	before := len(seen)
	for _, w := range words {
		seen[w.asked] = true
	}
	return len(seen) - before
}

// cut returns stretches of a text with their marks.
func cut(text string, words []token, chosen []stretch) []Span {
	var all []Span
	say := func(text string, marked bool) {
		if n := len(all); n > 0 && all[n-1].Marked == marked {
			all[n-1].Text += text
		} else if text != "" {
			all = append(all, Span{text, marked})
		}
	}
	end := 0
	for _, c := range chosen {
		switch {
		case c.from > end:
			say(" … ", false)
		case end > 0:
			say(" ", false)
		}
		at := words[max(end, c.from)].start
		for _, w := range words[max(end, c.from):c.to] {
			for _, m := range w.marks {
				say(text[at:m[0]], false)
				say(text[m[0]:m[1]], true)
				at = m[1]
			}
		}
		end = c.to
		say(text[at:words[end-1].end], false)
	}
	if end < len(words) {
		say(" …", false)
	}
	return all
}
