package foreign

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

var fence = regexp.MustCompile("^[ \\t>]*(?:(?:[-*+]|\\d+[.)])[ \\t]+)*(`{3,}|~{3,})")

// mask is a text of the same length in which code is NUL, except its line
// ends, so that nothing in it is taken for a link or a tag.
func mask(text string) string {
	b := []byte(text)
	open := ""
	at := 0
	for line := range strings.Lines(text) {
		end := at + len(line)
		m := fence.FindStringSubmatch(line)
		switch {
		case open == "" && m != nil:
			open = m[1]
			blank(b[at:end])
		case open != "":
			bare := strings.Trim(line, " \t>\n")
			if len(bare) >= len(open) && strings.Trim(bare, open[:1]) == "" {
				open = ""
			}
			blank(b[at:end])
		}
		at = end
	}
	spans(b)
	return string(b)
}

func blank(b []byte) {
	for i := range b {
		if b[i] != '\n' {
			b[i] = 0
		}
	}
}

// spans masks code within lines. A span ends in its own paragraph.
func spans(b []byte) {
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' {
			i++
			continue
		}
		if b[i] != '`' {
			continue
		}
		n := ticks(b, i)
		for j := i + n; j < len(b); j++ {
			if b[j] == '\n' && j+1 < len(b) && b[j+1] == '\n' {
				break
			}
			if b[j] != '`' {
				continue
			}
			if m := ticks(b, j); m != n {
				j += m - 1
				continue
			}
			blank(b[i : j+n])
			break
		}
		i += n - 1
	}
}

func ticks(b []byte, at int) (n int) {
	for at+n < len(b) && b[at+n] == '`' {
		n++
	}
	return n
}

// edits change a text at offsets of the original.
type edits []edit

type edit struct {
	from, to int
	text     string
}

func (e *edits) add(from, to int, text string) { *e = append(*e, edit{from, to, text}) }

// apply makes the changes. Of two that overlap, the one that begins first is
// made, and of these the longer one.
func (e edits) apply(text string) string {
	slices.SortStableFunc(e, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var b strings.Builder
	at := 0
	for _, c := range e {
		if c.from < at {
			continue
		}
		b.WriteString(text[at:c.from])
		b.WriteString(c.text)
		at = c.to
	}
	b.WriteString(text[at:])
	return b.String()
}
