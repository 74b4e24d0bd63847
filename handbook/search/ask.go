package search

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// longest bounds a query, in characters.
const longest = 200

// query is what a reader asks for.
type query struct {
	text    string   // words, "phrases" and -words, as websearch_to_tsquery reads them
	prefix  string   // what the last word begins with; "" if it counts as a word
	codes   []string // all of which a section must have
	without []string // none of which it may have
}

// parse takes the codes out of what was typed; the rest is for PostgreSQL.
func parse(typed string) query {
	var q query
	var rest []string
	against := "" // the hyphen before a phrase
	for i, part := range strings.Split(clean(typed), `"`) {
		if i%2 == 1 {
			rest = append(rest, against+`"`+part+`"`)
			continue
		}
		against = ""
		if part == "-" || strings.HasSuffix(part, " -") {
			part, against = strings.TrimSuffix(part, "-"), "-"
		}
		for _, w := range strings.Fields(part) {
			bare, not := strings.CutPrefix(w, "-")
			c, ok := asCode(bare)
			switch {
			case ok && not:
				q.without = append(q.without, c)
			case ok:
				q.codes = append(q.codes, c)
			default:
				rest = append(rest, joined(w))
			}
		}
	}
	q.text = strings.Join(rest, " ")
	return q
}

// typedCode is a code as readers type it: in any case, and cut off anywhere.
var typedCode = regexp.MustCompile(`(?i)^(?:[a-z]{2}(?:\.[a-z0-9]+)+|[0-9]+\.[0-9]+(?:\([a-z0-9]+\))*|[a-z]+(?:_[a-z0-9]+)+)$`)

// abbreviation is a word that some write with full stops, such as c.g.; nobody
// writes a code so.
var abbreviation = regexp.MustCompile(`^(?:[a-z]\.)+[a-z]$`)

func asCode(w string) (string, bool) {
	w = strings.ToLower(strings.TrimRight(w, ".,;:?!"))
	return w, typedCode.MatchString(w)
}

// joined writes an abbreviation as one word.
func joined(w string) string {
	if a := strings.TrimRight(strings.ToLower(w), "."); abbreviation.MatchString(a) {
		return strings.ReplaceAll(a, ".", "")
	}
	return w
}

// clean makes one line of what was typed, and no longer than it may be. An odd
// quotation mark is somebody still typing.
func clean(typed string) string {
	typed = strings.ToValidUTF8(typed, "")
	typed = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case r == '“' || r == '”' || r == '„':
			return '"'
		case r == '§':
			return ' '
		case r == '−' || r == '–':
			return '-'
		}
		return r
	}, typed)
	if r := []rune(typed); len(r) > longest {
		typed = string(r[:longest])
	}
	return strings.Join(strings.Fields(typed), " ")
}

// lastWord is a word that may be the beginning of one.
var lastWord = regexp.MustCompile(`(?:^| )([\p{L}\p{N}]{3,})$`)

// begun returns the query with its last word as the beginning of one, and
// whether it has such a word.
func (q query) begun() (query, bool) {
	at := lastWord.FindStringSubmatchIndex(q.text)
	if at == nil {
		return q, false
	}
	q.prefix = strings.ToLower(q.text[at[2]:]) + ":*"
	q.text = strings.TrimSpace(q.text[:at[2]])
	return q, true
}

// words returns the words that stand alone and are asked for.
func (q query) words() []string {
	var all []string
	for i, part := range strings.Split(q.text, `"`) {
		for _, w := range strings.Fields(part) {
			if i%2 == 0 && !strings.HasPrefix(w, "-") {
				all = append(all, w)
			}
		}
	}
	return all
}

// sought returns all words and phrases that are asked for, not against.
func (q query) sought() []string {
	var all []string
	parts := strings.Split(q.text, `"`)
	for i := 1; i < len(parts); i += 2 {
		if !strings.HasSuffix(parts[i-1], "-") {
			all = append(all, parts[i])
		}
	}
	return append(all, q.words()...)
}

// asksFor reports whether the text asks for something, not only against it.
func (q query) asksFor() bool {
	return q.prefix != "" || slices.ContainsFunc(strings.Fields(q.text), func(w string) bool { return !strings.HasPrefix(w, "-") })
}

// near reports whether two words differ by one letter that is missing, added,
// another, or swapped with its neighbour.
func near(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	switch {
	case len(y)-len(x) > 1:
		return false
	case len(y) > len(x):
		return string(x[i:]) == string(y[i+1:])
	case i == len(x):
		return true
	case string(x[i+1:]) == string(y[i+1:]):
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
}
