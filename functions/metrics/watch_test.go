package metrics_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the dashboard and the alerts ask for is what this program tells.
func TestWatched(t *testing.T) {
	t.Parallel()
	p := open(t, "", "")
	fill(t, p)
	told := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`).FindAllStringSubmatch(get(t, p, "Bearer "+token).Body, -1) {
		told[m[1]] = true
		if m[2] == "histogram" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				told[m[1]+part] = true
			}
		}
	}
	for _, name := range asked(t) {
		if !told[name] {
			t.Errorf("%s is asked for, and nobody tells it", name)
		}
	}
	for _, route := range regexp.MustCompile(`route="([^"]+)"`).FindAllStringSubmatch(watch(t, "alerts.yml"), -1) {
		if !strings.Contains(read(t, "../../docs/routes.txt"), " "+route[1]+" ") {
			t.Errorf("an alert has the route %s, the handbook has not", route[1])
		}
	}
}

// asked lists the metrics that the dashboard and the alerts ask for.
func asked(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range []string{"dashboard.json", "alerts.yml", "alerts_test.yml"} {
		names = append(names, regexp.MustCompile(`\b(handbook|go|process)_[a-z_]+\b`).FindAllString(watch(t, name), -1)...)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) < 20 {
		t.Errorf("only %v are asked for", names)
	}
	return names
}

// drawn returns what the dashboard asks for, by the titles of its panels.
func drawn(t *testing.T) map[string][]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(watch(t, "dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			all[panel.Title] = append(all[panel.Title], strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
		}
		if exprs := all[panel.Title]; panel.Title == "" || len(exprs) == 0 || slices.Contains(exprs, "") {
			t.Errorf("%+v shows nothing", panel)
		}
	}
	if len(all) < 15 {
		t.Errorf("%d panels", len(all))
	}
	return all
}

func watch(t *testing.T, name string) string {
	t.Helper()
	return read(t, filepath.Join("../../operate/watch", name))
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
