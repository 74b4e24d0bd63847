package mdx

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"unicode/utf8"
)

// A Fault is what is wrong with an author's file, where, and what to do about
// it. Line and Column count from 1 and from the start of the file; both are 0
// if the fault is of the file as a whole.
type Fault struct {
	File         string
	Line, Column int
	Text         string
}

// String is the form that editors and terminals turn into a link.
func (f Fault) String() string {
	switch {
	case f.Line == 0:
		return f.File + ": " + f.Text
	case f.Column == 0:
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
}

// Compare orders faults by file, line and column.
func (f Fault) Compare(g Fault) int {
	return cmp.Or(cmp.Compare(f.File, g.File), cmp.Compare(f.Line, g.Line), cmp.Compare(f.Column, g.Column))
}

// maxFaults is how many faults of one file are told: a file with more is of
// another kind, and nobody reads them.
const maxFaults = 200

// faults collects those of one file.
type faults struct {
	file   string
	src    []byte
	lines  []int // offsets at which lines begin, found when first asked for
	body   int   // offset at which the Markdown begins
	pinned bool  // all faults are at body
	list   []Fault
	silent bool
}

// at reports a fault at an offset of the file.
func (f *faults) at(offset int, format string, args ...any) {
	if f.silent { // to find the place takes longest
		return
	}
	line, column := f.place(offset)
	f.add(line, column, format, args...)
}

// in reports a fault at an offset of the Markdown.
func (f *faults) in(offset int, format string, args ...any) {
	if f.pinned {
		offset = 0
	}
	f.at(f.body+max(offset, 0), format, args...)
}

func (f *faults) add(line, column int, format string, args ...any) {
	if f.silent {
		return
	}
	if len(f.list) == maxFaults {
		f.silent = true
		format, args = "there are more faults; these are the first %d found", []any{maxFaults}
	}
	f.list = append(f.list, Fault{f.file, line, column, fmt.Sprintf(format, args...)})
}

func (f *faults) place(offset int) (line, column int) {
	if f.lines == nil {
		f.lines = lineStarts(f.src)
	}
	offset = min(offset, len(f.src))
	line = sort.SearchInts(f.lines, offset+1)
	start := f.lines[line-1]
	return line, utf8.RuneCount(f.src[start:offset]) + 1
}

func (f *faults) sorted() []Fault {
	slices.SortStableFunc(f.list, Fault.Compare)
	return f.list
}

func lineStarts(src []byte) []int {
	starts := make([]int, 1, bytes.Count(src, []byte("\n"))+1)
	for at := 0; ; {
		end := bytes.IndexByte(src[at:], '\n')
		if end < 0 {
			return starts
		}
		at += end + 1
		starts = append(starts, at)
	}
}
