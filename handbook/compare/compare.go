// Package compare tells what differs between two versions of a module, lesson
// by lesson and word by word, and what has changed since somebody read a
// lesson. What counts is what a reader sees: a version that another program
// rendered differs in its markup alone, and that is no difference here.
package compare

import (
	"iter"
	"slices"
	"strings"
)

// Op says which of two texts has a span.
type Op string

const few = 3 // words that do not split a change

// The operations.
const (
	Kept     Op = ""
	Inserted Op = "inserted"
	Deleted  Op = "deleted"
)

// Span is a run of words.
type Span struct {
	Op   Op     `json:"op,omitempty"`
	Text string `json:"text"`
}

// Block is a paragraph, an item or a heading in which something differs, or
// one beside it. Between blocks that are not neighbours there is one without
// spans.
type Block struct {
	Heading bool   `json:"heading,omitempty"`
	Spans   []Span `json:"spans,omitempty"`
}

// Same reports whether a reader sees the same in two lessons' HTML.
func Same(from, to string) bool {
	return from == to || slices.Equal(words(from), words(to))
}

// Texts compares two lessons' HTML. Where nothing differs there are no blocks.
func Texts(from, to string) []Block {
	if Same(from, to) {
		return nil
	}
	var all []Block
	current := Block{}
	for _, s := range steps(words(from), words(to)) {
		for _, w := range s.words {
			tag, begins := strings.CutPrefix(w, mark)
			if !begins {
				current.add(s.op, shown(w))
				continue
			}
			if len(current.Spans) > 0 {
				all = append(all, current)
			}
			current = Block{Heading: tag[0] == 'h' && tag != "hr"}
		}
	}
	if len(current.Spans) > 0 {
		all = append(all, current)
	}
	for i := range all {
		all[i].tidy()
	}
	return near(all)
}

func (b *Block) add(op Op, word string) {
	if n := len(b.Spans); n > 0 && b.Spans[n-1].Op == op {
		b.Spans[n-1].Text += " " + word
		return
	}
	b.Spans = append(b.Spans, Span{op, word})
}

func (b Block) differs() bool {
	return slices.ContainsFunc(b.Spans, func(s Span) bool { return s.Op != Kept })
}

// tidy takes along the few words that stayed between two changes no shorter
// than they are: words that happen to be in both texts do not split what reads
// as one change.
func (b *Block) tidy() {
	var out []Span
	var gone, came []string
	flush := func() {
		if len(gone) > 0 {
			out = append(out, Span{Deleted, strings.Join(gone, " ")})
		}
		if len(came) > 0 {
			out = append(out, Span{Inserted, strings.Join(came, " ")})
		}
		gone, came = nil, nil
	}
	for i, s := range b.Spans {
		switch {
		case s.Op == Deleted:
			gone = append(gone, s.Text)
		case s.Op == Inserted:
			came = append(came, s.Text)
		case length(s) <= min(few, wide(slices.Backward(b.Spans[:i])), wide(slices.All(b.Spans[i+1:]))):
			gone, came = append(gone, s.Text), append(came, s.Text)
		default:
			flush()
			out = append(out, s)
		}
	}
	flush()
	b.Spans = out
}

// wide is how many words the change has that spans begin with: those that are
// gone or those that came, whichever are more.
func wide(spans iter.Seq2[int, Span]) (n int) {
	for _, s := range spans {
		if s.Op == Kept {
			break
		}
		n = max(n, length(s))
	}
	return n
}

func length(s Span) int { return len(strings.Fields(s.Text)) }

// near leaves out the blocks that have no difference beside them.
func near(all []Block) []Block {
	var out []Block
	left := false
	for i, b := range all {
		if !b.differs() && (i == 0 || !all[i-1].differs()) && (i+1 == len(all) || !all[i+1].differs()) {
			left = true
			continue
		}
		if left {
			out = append(out, Block{})
		}
		out, left = append(out, b), false
	}
	if left {
		out = append(out, Block{})
	}
	return out
}

// Print writes blocks as plain text, a line each, with [-what is gone-] and
// {+what came+}.
func Print(all []Block) string {
	var b strings.Builder
	for _, block := range all {
		if len(block.Spans) == 0 {
			b.WriteString("…\n")
			continue
		}
		for i, s := range block.Spans {
			if i > 0 {
				b.WriteByte(' ')
			}
			switch s.Op {
			case Deleted:
				b.WriteString("[-" + s.Text + "-]")
			case Inserted:
				b.WriteString("{+" + s.Text + "+}")
			default:
				b.WriteString(s.Text)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
