package record_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx/record"
)

const source = `title: 91.151 # a number, taken as it is written
size: 12
yes: true
list: [a, "b"]
maps:
  - name: c
    size: 3
  - name: d
text: >
  folded
  text
empty:
`

func TestMap(t *testing.T) {
	t.Parallel()

	var faults []string
	m := record.Read("the record", []byte(source), func(at record.Place, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%d:%d: ", at.Line, at.Column)+fmt.Sprintf(format, args...))
	})
	size, ok := m.Int("size", "as 12")
	none, found := m.Int("none", "as 12")
	got := fmt.Sprint(m.Text("title"), size, ok, m.Flag("yes"), m.Text("text"), m.Text("none"), none, found,
		m.Has("empty"), m.Has("none"), m.At("list"), m.At("none"), m.Texts("list"))
	for _, entry := range m.Maps("maps") {
		n, _ := entry.Int("size", "as 12")
		got += fmt.Sprint(" ", entry.Place, entry.Text("name"), n)
	}
	want := "91.15112 true truefolded text\n0 false true false {4 7} {1 1} [{{4 8} a} {{4 11} b}] {6 5}c3 {8 5}d0"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(faults) > 0 {
		t.Error(faults)
	}

	m.Require("title", "empty", "none")
	m.Int("title", "as 12")
	m.Flag("size")
	m.Maps("list")
	wantFaults := []string{
		`12:1: empty is empty; give it a value`,
		`1:1: none is missing; add a line "none: …"`,
		`1:8: title must be a whole number, as 12`,
		`2:7: size must be true or false`,
		`4:8: here must be fields, each as "name: value"`,
		`4:11: here must be fields, each as "name: value"`,
	}
	if diff := cmp.Diff(wantFaults, faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()

	fields := []string{"title", "summary", "date"}
	for _, tc := range []struct{ word, want string }{
		{"titel", "title"},
		{"sumary", "summary"},
		{"Date", "date"},
		{"author", ""},
		{"x", ""},
		{"", ""},
	} {
		if got := record.Nearest(tc.word, fields); got != tc.want {
			t.Errorf("Nearest(%q) = %q, want %q", tc.word, got, tc.want)
		}
	}
}
