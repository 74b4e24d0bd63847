package metrics_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the dashboard and the alerts ask for is what this program tells; promtool
// checks the rest of them.
func TestWatched(t *testing.T) {
	t.Parallel()
	p := open(t, "", "")
	pile(t, p)
	p.Monitor.Job("welcome-email", "done", time.Second)
	p.Monitor.Request("GET", "/", 200, time.Second)
	told := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`).FindAllStringSubmatch(get(t, p, "Bearer "+token).Body, -1) {
		told[m[1]] = true
		if m[2] == "histogram" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				told[m[1]+part] = true
			}
		}
	}
	used := map[string]bool{}
	for _, name := range []string{"dashboard.json", "alerts.yml", "alerts_test.yml"} {
		for _, m := range regexp.MustCompile(`\b(handbook|go|process)_[a-z_]+\b`).FindAllString(watch(t, name), -1) {
			used[m] = true
			if !told[m] {
				t.Errorf("%s asks for %s, which nobody tells", name, m)
			}
		}
	}
	if len(used) < 20 {
		t.Errorf("only %v are asked for", slices.Sorted(maps.Keys(used)))
	}
	for _, route := range regexp.MustCompile(`route="([^"]+)"`).FindAllStringSubmatch(watch(t, "alerts.yml"), -1) {
		if !strings.Contains(read(t, "../../docs/routes.txt"), " "+route[1]+" ") {
			t.Errorf("an alert has the route %s, the handbook has not", route[1])
		}
	}
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(watch(t, "dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	for _, panel := range board.Panels {
		if panel.Title == "" || len(panel.Targets) == 0 || panel.Targets[0].Expr == "" {
			t.Errorf("%+v shows nothing", panel)
		}
	}
	if len(board.Panels) < 15 {
		t.Errorf("%d panels", len(board.Panels))
	}
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
