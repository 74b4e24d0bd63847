package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform/config"
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

// TestFirstDeploy: who follows its steps has at each what it takes.
func TestFirstDeploy(t *testing.T) {
	t.Parallel()
	_, steps, _ := strings.Cut(read(t, "docs/runbook.md"), "\n## The first deploy\n")
	steps, _, _ = strings.Cut(steps, "\n## ")
	parts := regexp.MustCompile(`(?m)^\d+\. `).Split(steps, -1)[1:]
	push := slices.IndexFunc(parts, func(s string) bool { return strings.Contains(s, "Push to main") })
	hook := slices.IndexFunc(parts, func(s string) bool { return strings.Contains(s, "/api/stripe/webhook") })
	if push < 0 || hook < 0 || hook > push {
		t.Fatalf("the push is step %d, the webhook's endpoint step %d", push+1, hook+1)
	}
	for i, text := range parts {
		for _, m := range regexp.MustCompile(`from step (\d+)`).FindAllStringSubmatch(text, -1) {
			if m[1] != strconv.Itoa(hook+1) || hook >= i || i >= push {
				t.Errorf("step %d sets what is from step %s; the endpoint is step %d, the push step %d", i+1, m[1], hook+1, push+1)
			}
		}
	}
	for _, kind := range inbox.Types() {
		if group := kind[:strings.LastIndex(kind, ".")]; !strings.Contains(parts[hook], "`"+kind+"`") && !strings.Contains(parts[hook], "`"+group+"`") {
			t.Errorf("the endpoint is not told of %s", kind)
		}
	}
}

// TestFirstVariables: the table has what web and worker do not start without.
func TestFirstVariables(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^ *\\| (`[A-Z_`, ]+`) \\|(.*)\\|(.*)\\|$")
	cells := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/runbook.md"), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			cells[strings.Trim(name, "`")] = []string{strings.TrimSpace(m[2]), strings.TrimSpace(m[3])}
		}
	}
	all, needed := reflect.TypeFor[config.Config](), 0
	for i := range all.NumField() {
		name, services := all.Field(i).Tag.Get("envconfig"), strings.Fields(all.Field(i).Tag.Get("need"))
		for column, service := range []string{"web", "worker"} {
			if !slices.Contains(services, service) {
				continue
			}
			needed++
			if cells[name] == nil || cells[name][column] == "" {
				t.Errorf("%s needs %s, of which the table has %q", service, name, cells[name])
			}
		}
	}
	if needed < 10 {
		t.Errorf("only %d are needed", needed)
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
