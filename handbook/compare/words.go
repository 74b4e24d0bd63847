package compare

import (
	"strings"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
	"golang.org/x/net/html"
)

const (
	mark   = "\n"   // begins a word that is the beginning of a block, before its tag
	figure = "\x00" // ends the words of a figure, before its address

	most     = 50_000                 // words that are compared one by one; longer texts are by paragraphs
	patience = 500 * time.Millisecond // after which a difference need not be the shortest
	letters  = 1_000_000              // different words that can be told apart
)

// blocks are the elements that begin a line of their own.
var blocks = map[string]bool{
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "p": true, "li": true, "tr": true, "pre": true, "div": true,
	"figure": true, "figcaption": true, "blockquote": true, "dt": true, "dd": true, "section": true, "aside": true, "details": true, "summary": true,
	"table": true, "ul": true, "ol": true, "dl": true, "hr": true, "br": true,
}

// silent are the elements whose text nobody reads.
var silent = map[string]bool{"script": true, "style": true, "svg": true, "template": true, "annotation": true}

// words returns what a reader sees of a lesson's HTML: its words, where blocks
// begin, and its figures. Markup around them is left out.
func words(text string) []string {
	w := writer{}
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return w.all
		case html.TextToken:
			w.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.begin(z.Token())
		case html.EndTagToken:
			w.end(z.Token().Data)
		}
	}
}

// writer gathers words.
type writer struct {
	all    []string
	joined bool // the next text goes on with the last word
	skip   string
	depth  int // of elements named skip
}

func (w *writer) begin(t html.Token) {
	switch {
	case w.skip != "":
		if t.Data == w.skip && t.Type == html.StartTagToken {
			w.depth++
		}
	case silent[t.Data]:
		if t.Type == html.StartTagToken {
			w.skip, w.depth = t.Data, 1
		}
	case t.Data == "img":
		var alt, src string
		for _, a := range t.Attr {
			switch a.Key {
			case "alt":
				alt = a.Val
			case "src":
				src = a.Val
			}
		}
		w.all, w.joined = append(w.all, "["+strings.Join(strings.Fields(alt), " ")+"]"+figure+src), false
	case blocks[t.Data]:
		w.block(t.Data)
	}
}

// block begins one, in place of one that has no words.
func (w *writer) block(tag string) {
	if n := len(w.all); n > 0 && strings.HasPrefix(w.all[n-1], mark) {
		w.all = w.all[:n-1]
	}
	w.all, w.joined = append(w.all, mark+tag), false
}

func (w *writer) end(tag string) {
	switch {
	case w.skip != "":
		if tag == w.skip {
			if w.depth--; w.depth == 0 {
				w.skip = ""
			}
		}
	case blocks[tag]:
		w.block("p")
	case tag == "td" || tag == "th":
		w.joined = false
	}
}

func (w *writer) text(s string) {
	all := strings.Fields(s)
	if w.skip != "" {
		return
	}
	if len(all) == 0 {
		w.joined = w.joined && s == ""
		return
	}
	if w.joined && strings.TrimLeft(s, " \t\r\n\f\u00a0") == s {
		w.all[len(w.all)-1] += all[0]
		all = all[1:]
	}
	w.all = append(w.all, all...)
	w.joined = strings.TrimRight(s, " \t\r\n\f\u00a0") == s
}

// paragraphs makes one word of all that stand between two beginnings.
func paragraphs(all []string) []string {
	var out, line []string
	flush := func() {
		if len(line) > 0 {
			out, line = append(out, strings.Join(line, " ")), nil
		}
	}
	for _, w := range all {
		if strings.HasPrefix(w, mark) {
			flush()
			out = append(out, w)
			continue
		}
		line = append(line, shown(w))
	}
	flush()
	return out
}

// shown is a word as a reader sees it.
func shown(w string) string {
	s, _, _ := strings.Cut(w, figure)
	return s
}

// step is a run of words that both texts have, or one of them.
type step struct {
	op    Op
	words []string
}

// steps leads from one list of words to another.
func steps(from, to []string) []step {
	if len(from) > most || len(to) > most {
		from, to = paragraphs(from), paragraphs(to)
	}
	known, names := map[string]rune{}, map[rune]string{}
	a, b := spell(from, known, names), spell(to, known, names)
	if len(known) > letters {
		return []step{{Deleted, from}, {Inserted, to}}
	}
	d := diffmatchpatch.New()
	d.DiffTimeout = patience
	var all []step
	for _, part := range d.DiffMainRunes(a, b, false) {
		s := step{op: map[diffmatchpatch.Operation]Op{diffmatchpatch.DiffInsert: Inserted, diffmatchpatch.DiffDelete: Deleted}[part.Type]}
		for _, r := range part.Text {
			s.words = append(s.words, names[r])
		}
		all = append(all, s)
	}
	return all
}

// spell writes each word as one letter, which is what the comparison knows.
func spell(all []string, known map[string]rune, names map[rune]string) []rune {
	out := make([]rune, len(all))
	for i, w := range all {
		r, ok := known[w]
		if !ok {
			if r = rune(0x100 + len(known)); r >= 0xD800 {
				r += 0x800 // no letters
			}
			known[w], names[r] = r, w
		}
		out[i] = r
	}
	return out
}
