package encoded

import (
	"strconv"
	"strings"
)

// choose returns the variant that the caller likes best; of two it likes the
// same, the smaller one. A caller that takes none of them gets the plain one:
// an answer helps more than 406.
func (b *Body) choose(accept []string) *variant {
	if len(accept) == 0 || b.gzip == nil && b.br == nil {
		return b.plain
	}
	q := weigh(accept)
	best, most := b.plain, q.plain
	if b.gzip != nil && q.gzip > 0 && q.gzip >= most {
		best, most = b.gzip, q.gzip
	}
	if b.br != nil && q.br > 0 && q.br >= most {
		best = b.br
	}
	return best
}

// weights are what a caller thinks of each encoding, from 0 for "never" to 1.
type weights struct{ plain, gzip, br float64 }

// weigh reads Accept-Encoding, without allocating.
func weigh(accept []string) weights {
	const unsaid = -1
	w := weights{unsaid, unsaid, unsaid}
	rest := float64(unsaid)
	for _, line := range accept {
		for line != "" {
			var item string
			item, line, _ = strings.Cut(line, ",")
			name, params, _ := strings.Cut(item, ";")
			q := quality(params)
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "br"):
				w.br = q
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				w.gzip = q
			case strings.EqualFold(name, "identity"):
				w.plain = q
			case name == "*":
				rest = q
			}
		}
	}
	for _, unset := range []*float64{&w.br, &w.gzip} {
		if *unset == unsaid {
			*unset = max(rest, 0)
		}
	}
	if w.plain == unsaid && rest == 0 {
		w.plain = 0
	}
	return w
}

// quality reads "q=0.5". What cannot be read counts as 0: the caller does not
// get what it may not have meant.
func quality(params string) float64 {
	name, value, ok := strings.Cut(params, "=")
	if !ok {
		return 1
	}
	if name = strings.TrimSpace(name); name != "q" && name != "Q" {
		return 0
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}

// matches reports whether If-None-Match names tag. A weak mark is passed
// over, as RFC 9110 compares here: proxies that compress set it.
func matches(header []string, tag string) bool {
	for _, line := range header {
		for line != "" {
			var item string
			item, line, _ = strings.Cut(line, ",")
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == tag {
				return true
			}
		}
	}
	return false
}
