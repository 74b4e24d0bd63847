package mdx

import (
	"bytes"
	"unicode/utf8"
)

// The bounds of a source. A Markdown parser takes quadratic time on some
// texts within one block, keeps a record for every line and open container,
// fills short table rows up to the width of their header, and copies a link
// definition to wherever it is used. Each bound keeps one of them small, and
// is far from what a lesson needs.
const (
	maxSource    = 2 << 20
	maxLines     = 20_000
	maxPairs     = 100_000_000 // sum of the squares of each block's marks
	maxBlock     = 32 << 10    // bytes without an empty line
	maxIndent    = 200         // columns
	maxNesting   = 32          // quotes and lists within each other
	maxTags      = 32          // tags within each other
	maxColons    = 8           // directives within each other
	maxMarks     = 20_000      // tags and expressions
	maxLost      = 100         // of them that cannot be read
	maxCells     = 50_000      // of all tables
	maxFootnotes = 2_000       // and references to them
	maxLinks     = 5_000       // and images
	maxFormulas  = 1_000
	maxURL       = 2_048
)

// within tells whether a source may be parsed, and reports why not.
func within(src []byte, f *faults) bool {
	switch {
	case len(src) > maxSource:
		f.add(0, 0, "the lesson is over %d MiB; split it", maxSource>>20)
		return false
	case !utf8.Valid(src):
		f.at(invalid(src), "this is not UTF-8; save the file in that encoding")
		return false
	case bytes.Count(src, []byte("\n")) > maxLines:
		f.add(0, 0, "the lesson has over %d lines; split it", maxLines)
		return false
	case bytes.Count(src, []byte("[^")) > maxFootnotes:
		f.add(0, 0, "the lesson has over %d footnotes and references to them; split it", maxFootnotes)
		return false
	}
	return true
}

func invalid(src []byte) int {
	offset := 0
	for {
		r, size := utf8.DecodeRune(src[offset:])
		if r == utf8.RuneError && size <= 1 {
			return offset
		}
		offset += size
	}
}

// A block is what the parser takes in at once: lines without an empty one
// between them.
type block struct{ start, marks, columns int }

// blocksWithin is within, for the Markdown alone.
func blocksWithin(body []byte, f *faults) bool {
	var b block
	offset, cells, pairs := 0, 0, 0
	for line := range bytes.Lines(body) {
		if len(bytes.TrimSpace(line)) == 0 {
			b = block{start: offset + len(line)}
		}
		marks := countMarks(line)
		pairs += marks * (2*b.marks + marks)
		b.marks += marks
		b.columns = max(b.columns, tableColumns(line))
		cells += b.columns
		indent, nested := prefix(line)
		switch {
		case offset+len(line)-b.start > maxBlock:
			f.in(b.start, "this block is over %d KiB; put an empty line into it", maxBlock>>10)
		case pairs > maxPairs:
			f.in(b.start, "this block has too many brackets, *, _ and ~; put empty lines into it")
		case indent > maxIndent:
			f.in(offset, "this line is indented by over %d columns; indent it less", maxIndent)
		case nested > maxNesting:
			f.in(offset, "quotes and lists are nested deeper than %d levels; take some of them apart", maxNesting)
		case cells > maxCells:
			f.in(offset, "the lesson's tables have over %d cells; split it", maxCells)
		default:
			offset += len(line)
			continue
		}
		return false
	}
	return true
}

// countMarks counts what may pair up with another of its block.
func countMarks(line []byte) int {
	marks := 0
	for _, c := range []byte("*_~[]") {
		marks += bytes.Count(line, []byte{c})
	}
	return marks
}

// tableColumns is how many columns a line begins, if it is the line below a
// table's header, also within quotes and lists.
func tableColumns(line []byte) int {
	line = bytes.TrimRight(line, "\r\n")
	if bytes.IndexByte(line, '-') < 0 || len(bytes.Trim(line, "|:- \t>+*.)0123456789")) > 0 {
		return 0
	}
	return bytes.Count(line, []byte("|")) + 1
}

// prefix measures what stands before a line's text: its columns, and the marks
// of quotes and list items.
func prefix(line []byte) (indent, nested int) {
	for i, c := range line {
		switch {
		case c == ' ':
			indent++
		case c == '\t':
			indent += 4
		case c == '>':
			nested++
		case (c == '-' || c == '*' || c == '+' || c == '.' || c == ')') && blankAt(line, i+1):
			nested++
		case c < '0' || c > '9':
			return indent, nested
		}
	}
	return indent, nested
}

func blankAt(line []byte, i int) bool {
	return i >= len(line) || line[i] == ' ' || line[i] == '\t' || line[i] == '\n' || line[i] == '\r'
}
