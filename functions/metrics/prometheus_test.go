package metrics_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"pilothandbook/functions/metrics"
	"pilothandbook/platform"
	"pilothandbook/router"
)

// TestPrometheus has a real Prometheus watch two processes by our own
// configuration and rules: one that is well, and one that has lost its servers.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	well, lost := open(t, "", ""), open(t, "postgres://127.0.0.1:1/x", "redis://127.0.0.1:1")
	fill(t, well)
	p := startPrometheus(t, address(t, well), address(t, lost))
	for _, name := range asked(t) {
		eventually(t, p, name+", which is asked for", func() bool { return p.sees(t, name) })
	}
	for title, exprs := range drawn(t) {
		for _, expr := range exprs {
			eventually(t, p, title+": "+expr, func() bool { return p.sees(t, expr) })
		}
	}
	for _, alert := range []string{"EventsQuarantined", "JobsDead", "OutboxLate", "PostgreSQLAway", "RedisAway"} {
		eventually(t, p, alert, func() bool { return slices.Contains(p.firing(t), alert) })
	}
	if fired := p.firing(t); slices.Contains(fired, "ServiceDown") || slices.Contains(fired, "RefundsFailed") {
		t.Errorf("%v fire", fired)
	}
	var labels []string
	for p.get(t, "/api/v1/labels", &labels); len(labels) > 0; labels = labels[1:] {
		if strings.HasPrefix(labels[0], "exported_") {
			t.Errorf("a label of the targets takes the place of a metric's own: %s", labels[0])
		}
	}
}

// fill has a process tell of everything once.
func fill(t *testing.T, p *platform.Platform) {
	t.Helper()
	pile(t, p)
	p.Monitor.Job("welcome-email", "done", time.Second)
	p.Monitor.Request("GET", "/", http.StatusOK, time.Second)
	p.Monitor.Request("POST", "/api/analytics", http.StatusTooManyRequests, time.Second)
	p.Monitor.Opened(time.Second)
	p.Monitor.Analytics("stored", 1)
}

// address serves a process's metrics.
func address(t *testing.T, p *platform.Platform) string {
	t.Helper()
	s := httptest.NewServer(router.New(p, metrics.Routes(p)...))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// prometheus is one that runs.
type prometheus struct{ url, log string }

// startPrometheus starts one with our configuration, but for addresses, TLS and
// how long it waits.
func startPrometheus(t *testing.T, web, worker string) prometheus {
	t.Helper()
	bin, dir := tool(t, "prometheus"), t.TempDir()
	config := changed(t, watch(t, "prometheus.yml"), "scheme: https", "scheme: http", "/etc/prometheus/metrics-token", filepath.Join(dir, "token"),
		"[handbook.example]", fmt.Sprintf("[%q]", web), `["worker.railway.internal:3000"]`, fmt.Sprintf("[%q]", worker),
		"scrape_interval: 30s", "scrape_interval: 3s", "evaluation_interval: 30s", "evaluation_interval: 250ms")
	rules := regexp.MustCompile(`for: \d+m`).ReplaceAllString(watch(t, "alerts.yml"), "for: 0s")
	for name, text := range map[string]string{"prometheus.yml": config, "alerts.yml": rules, "token": token} {
		write(t, filepath.Join(dir, name), text)
	}
	p := prometheus{url: "http://" + free(t), log: filepath.Join(dir, "log")}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "--config.file", filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path", filepath.Join(dir, "kept"),
		"--web.listen-address", strings.TrimPrefix(p.url, "http://"))
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = out.Close()
	})
	return p
}

// tool returns a program of Prometheus. Under CI it must be installed.
func tool(t *testing.T, name string) string {
	t.Helper()
	bin, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("this test needs %s: apt-get install prometheus", name)
	}
	return bin
}

// changed returns a text with its parts replaced, each of which it must have.
func changed(t *testing.T, text string, parts ...string) string {
	t.Helper()
	for i := 0; i < len(parts); i += 2 {
		if !strings.Contains(text, parts[i]) {
			t.Fatalf("%q is not in\n%s", parts[i], text)
		}
	}
	return strings.NewReplacer(parts...).Replace(text)
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// get asks Prometheus, and reports whether it answered.
func (p prometheus) get(t *testing.T, path string, into any) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return false // it starts
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode == http.StatusServiceUnavailable {
		return false
	}
	if err := json.Unmarshal(body, &struct{ Data any }{into}); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, got.StatusCode, body, err)
	}
	return true
}

// sees reports whether a query finds something.
func (p prometheus) sees(t *testing.T, query string) bool {
	t.Helper()
	var found struct{ Result []any }
	return p.get(t, "/api/v1/query?query="+url.QueryEscape(query), &found) && len(found.Result) > 0
}

// firing lists the alerts that fire.
func (p prometheus) firing(t *testing.T) (names []string) {
	t.Helper()
	var found struct {
		Alerts []struct {
			State  string
			Labels map[string]string
		}
	}
	p.get(t, "/api/v1/alerts", &found)
	for _, a := range found.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	return names
}

func eventually(t *testing.T, p prometheus, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ask(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("Prometheus never sees %s; its log:\n%s", what, read(t, p.log))
		}
	}
}

// TestPromtool has promtool check what Grafana will ask for, the rules, and
// that they fire as their cases say.
func TestPromtool(t *testing.T) {
	t.Parallel()
	bin := tool(t, "promtool")
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var panels []rule
	for _, exprs := range drawn(t) {
		for _, expr := range exprs {
			panels = append(panels, rule{fmt.Sprintf("panel:%d", len(panels)), expr})
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": panels}}})
	if err != nil {
		t.Fatal(err)
	}
	board := filepath.Join(t.TempDir(), "dashboard.yml")
	write(t, board, string(text))
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", board}, {"check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"},
		{"test", "rules", "alerts_test.yml"}, {"check", "config", "--syntax-only", "prometheus.yml"},
	} {
		cmd := exec.CommandContext(t.Context(), bin, args...)
		cmd.Dir = "../../operate/watch"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s\n%s", args, err, out, text)
		}
	}
}

// Each alert has a case in which it fires, and one in which it does not yet.
func TestEachAlertFires(t *testing.T) {
	t.Parallel()
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	var cases struct {
		Tests []struct {
			Rules []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	for name, into := range map[string]any{"alerts.yml": &rules, "alerts_test.yml": &cases} {
		if err := yaml.Unmarshal([]byte(watch(t, name)), into); err != nil {
			t.Fatal(err)
		}
	}
	fires, waits := map[string]bool{}, map[string]bool{}
	for _, c := range cases.Tests {
		for _, r := range c.Rules {
			fires[r.Name], waits[r.Name] = fires[r.Name] || len(r.Want) > 0, waits[r.Name] || len(r.Want) == 0
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if !fires[r.Alert] || !waits[r.Alert] {
				t.Errorf("%s fires in a case: %v; it does not in another: %v", r.Alert, fires[r.Alert], waits[r.Alert])
			}
			delete(fires, r.Alert)
		}
	}
	if left := slices.Sorted(maps.Keys(fires)); len(left) > 0 {
		t.Errorf("there are cases for %v, which are no alerts", left)
	}
}
