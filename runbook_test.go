package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRunbook keeps the runbook true: it names words, routes and variables
// that there are, and leaves no variable out.
func TestRunbook(t *testing.T) {
	t.Parallel()
	runbook, routes, configuration := read(t, "docs/runbook.md"), read(t, "docs/routes.txt"), read(t, "docs/configuration.md")

	for _, m := range regexp.MustCompile("(?m)(?:^ +|`|=… )handbook ([a-z-]+)").FindAllStringSubmatch(runbook, -1) {
		if !slices.ContainsFunc(words(), func(w word) bool { return w.name == m[1] }) {
			t.Errorf("the runbook has the word %q, the program has not", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`(?:GET |https://…)?(/[a-z/]+)`").FindAllStringSubmatch(runbook, -1) {
		if !strings.Contains(routes, " "+m[1]+" ") {
			t.Errorf("the runbook has the route %s, the handbook has not", m[1])
		}
	}
	variable := regexp.MustCompile(`\b[A-Z]+(?:_[A-Z]+)+\b`)
	known := variable.FindAllString(configuration, -1)
	ours := []string{"RAILWAY_TOKEN", "NEW_URL"} // of the workflow, and of the drill
	for _, name := range variable.FindAllString(runbook, -1) {
		if !slices.Contains(known, name) && !slices.Contains(ours, name) {
			t.Errorf("the runbook has the variable %s, the handbook has not", name)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)`").FindAllStringSubmatch(configuration, -1) {
		if !strings.Contains(runbook, m[1]) {
			t.Errorf("the runbook does not say what to do with %s", m[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
