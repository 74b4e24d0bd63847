package operate

import (
	_ "embed" // for checks.sql
	"strings"
)

//go:embed checks.sql
var checksSQL string

// check is a question whose every answer, one text a row, is a difference.
type check struct{ name, query string }

// checks reads them all.
func checks() []check {
	standing, rest, _ := strings.Cut(checksSQL, "\n-- check: ")
	var all []check
	for section := range strings.SplitSeq(rest, "\n-- check: ") {
		name, query, _ := strings.Cut(section, "\n")
		all = append(all, check{name, standing + query})
	}
	return all
}
