package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/goccy/go-yaml"
)

// railway is what a file of Railway may hold here.
type railway struct {
	Build struct {
		Builder        string `toml:"builder"`
		DockerfilePath string `toml:"dockerfilePath"`
	} `toml:"build"`
	Deploy struct {
		PreDeploy   []string `toml:"preDeployCommand"`
		Start       string   `toml:"startCommand"`
		Health      string   `toml:"healthcheckPath"`
		Timeout     int      `toml:"healthcheckTimeout"`
		Restart     string   `toml:"restartPolicyType"`
		MaxRetries  int      `toml:"restartPolicyMaxRetries"`
		Overlap     int      `toml:"overlapSeconds"`
		DrainingFor int      `toml:"drainingSeconds"`
	} `toml:"deploy"`
}

func TestRailwayFiles(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		start     string
		preDeploy []string
	}{
		"railway.toml":        {"handbook web", []string{"handbook migrate"}},
		"worker/railway.toml": {"handbook worker", nil},
	} {
		var r railway
		meta, err := toml.DecodeFile(file, &r)
		if err != nil {
			t.Fatal(err)
		}
		if extra := meta.Undecoded(); len(extra) > 0 {
			t.Errorf("%s has keys that Railway does not document: %v", file, extra)
		}
		if r.Deploy.Start != want.start || !slices.Equal(r.Deploy.PreDeploy, want.preDeploy) {
			t.Errorf("%s starts %q after %q", file, r.Deploy.Start, r.Deploy.PreDeploy)
		}
		for _, command := range append(r.Deploy.PreDeploy, r.Deploy.Start) {
			name := strings.TrimPrefix(command, "handbook ")
			if !slices.ContainsFunc(words(), func(o word) bool { return o.name == name }) {
				t.Errorf("%s: the program has no word %q", file, name)
			}
		}
		if r.Build.Builder != "DOCKERFILE" || r.Build.DockerfilePath != "Dockerfile" || r.Deploy.Health != "/api/health" || r.Deploy.Timeout != 300 ||
			r.Deploy.Restart != "ON_FAILURE" || r.Deploy.MaxRetries != 3 || r.Deploy.Overlap != 10 || r.Deploy.DrainingFor != 30 {
			t.Errorf("%s: %+v", file, r)
		}
	}
}

// stage is a part of a Dockerfile, from one FROM to the next.
type stage struct {
	name, from   string
	instructions []string // each on one line, such as "USER handbook"
}

// stages reads a Dockerfile.
func stages(text string) []stage {
	var all []stage
	text = regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\s*\\\n\s*`).ReplaceAllString(text, " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if from, ok := strings.CutPrefix(line, "FROM "); ok {
			image, name, _ := strings.Cut(from, " AS ")
			all = append(all, stage{name: name, from: image})
		} else if line != "" && len(all) > 0 {
			last := &all[len(all)-1]
			last.instructions = append(last.instructions, line)
		}
	}
	return all
}

// of returns the stage's instructions of a kind, without its name.
func (s stage) of(kind string) []string {
	var all []string
	for _, i := range s.instructions {
		if rest, ok := strings.CutPrefix(i, kind+" "); ok {
			all = append(all, rest)
		}
	}
	return all
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	all := stages(read(t, "Dockerfile"))
	if len(all) != 4 {
		t.Fatalf("%d stages: %v", len(all), all)
	}
	for i, want := range []string{"base golang:1.26-alpine3.22", "deps base", "builder deps", "runner alpine:3.22"} {
		if got := all[i].name + " " + all[i].from; got != want {
			t.Errorf("stage %q, want %q", got, want)
		}
	}
	base, deps, builder, runner := all[0], all[1], all[2], all[3]
	if env := strings.Join(base.of("ENV"), " "); !strings.Contains(env, "CGO_ENABLED=0") {
		t.Errorf("the program may need a C library: %s", env)
	}
	if locked := strings.Join(deps.of("RUN"), "\n"); !strings.Contains(locked, "apk add --no-cache libc6-compat") ||
		!strings.Contains(locked, `test -f go.sum || { echo "Lockfile not found."; exit 1; }`) || !strings.Contains(locked, "go mod download && go mod verify") {
		t.Errorf("the modules are not locked by go.sum: %s", locked)
	}
	for _, flag := range []string{"-mod=readonly", "-tags production,nodynamic", "-trimpath", "-buildvcs=false", `-s -w`} {
		if build := strings.Join(builder.of("RUN"), "\n"); !strings.Contains(build, flag) {
			t.Errorf("the program is built without %s: %s", flag, build)
		}
	}
	for kind, want := range map[string][]string{
		"COPY": {"--from=builder --chown=handbook:handbook /out/handbook /usr/local/bin/handbook"}, "USER": {"handbook"}, "EXPOSE": {"3000"},
		"CMD": {`["handbook", "web"]`}, "ENV": {"APP_ENV=production GOTELEMETRY=off PORT=3000 HOSTNAME=0.0.0.0"},
		"RUN": {"addgroup --system --gid 1001 handbook && adduser --system --uid 1001 --ingroup handbook handbook"},
	} {
		if got := runner.of(kind); !slices.Equal(got, want) {
			t.Errorf("the image has %s %q, want %q", kind, got, want)
		}
	}
	if !strings.Contains(read(t, "go.mod"), "\ngo 1.26") {
		t.Error("go.mod and the Dockerfile name different versions of Go")
	}
}

// workflow is what is read of a workflow of GitHub.
type workflow struct {
	On   map[string]struct{ Branches []string }
	Env  map[string]string
	Jobs map[string]struct {
		Needs any
		If    string
		Env   map[string]string
		Steps []step
	}
}

type step struct {
	Uses, Run string
	Env       map[string]string
}

func readWorkflow(t *testing.T) (flow workflow) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, ".github/workflows/ci.yml")), &flow); err != nil {
		t.Fatal(err)
	}
	return flow
}

// TestWorkflow keeps what a deploy relies on: the order of its steps, and that
// the token is seen by nothing else.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	flow := readWorkflow(t)
	var deploys []string
	for name, job := range flow.Jobs {
		for _, s := range append(job.Steps, step{Env: job.Env}) {
			if s.Uses != "" && !regexp.MustCompile(`@[0-9a-f]{40}$`).MatchString(s.Uses) {
				t.Errorf("%s is not pinned", s.Uses)
			}
			if _, token := s.Env["RAILWAY_TOKEN"]; token && (name != "deploy" || !strings.HasPrefix(s.Run, "railway up ")) {
				t.Errorf("job %s has the token where it runs %q", name, s.Run)
			}
			for _, command := range []string{"railway up --service web", ".github/await", "railway up --service worker"} {
				if name == "deploy" && strings.HasPrefix(s.Run, command) {
					deploys = append(deploys, command)
				}
			}
		}
	}
	if want := []string{"railway up --service web", ".github/await", "railway up --service worker"}; !slices.Equal(deploys, want) {
		t.Errorf("a deploy does %q, want %q", deploys, want)
	}
	for _, event := range []string{"push", "pull_request"} {
		if got := flow.On[event].Branches; len(flow.On) != 2 || !slices.Equal(got, []string{"main"}) {
			t.Errorf("it runs on %v", flow.On)
		}
	}
	if deploy := flow.Jobs["deploy"]; deploy.Needs != "test" || deploy.If != "github.ref == 'refs/heads/main' && github.event_name == 'push'" {
		t.Errorf("a deploy needs %v, and happens if %s", deploy.Needs, deploy.If)
	}
	if len(flow.Env) > 0 {
		t.Errorf("the whole workflow has the variables %v", flow.Env)
	}
}

// TestNotify runs what tells how a deploy went.
func TestNotify(t *testing.T) {
	t.Parallel()
	job := readWorkflow(t).Jobs["notify"]
	if job.If != "always()" || fmt.Sprint(job.Needs) != "[test deploy]" || len(job.Steps) != 1 || job.Steps[0].Env["RESULT"] != "${{ needs.deploy.result }}" || job.Steps[0].Env["TESTS"] != "${{ needs.test.result }}" {
		t.Fatalf("%+v", job)
	}
	for _, want := range []struct {
		tests, result, says string
		fails               bool
	}{
		{"success", "success", "✅ Deployment successful", false}, {"success", "skipped", "Deployment skipped", false},
		{"success", "failure", "❌ Deployment failed", true}, {"success", "cancelled", "❌ Deployment failed", true}, {"success", "", "❌ Deployment failed", true},
		{"failure", "skipped", "❌ Tests failed", true}, {"cancelled", "skipped", "❌ Tests failed", true}, {"", "", "❌ Tests failed", true},
	} {
		cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", job.Steps[0].Run)
		cmd.Env = append(os.Environ(), "TESTS="+want.tests, "RESULT="+want.result)
		out, err := cmd.CombinedOutput()
		if (err != nil) != want.fails || !strings.HasPrefix(string(out), want.says) {
			t.Errorf("%q, %q: %v, %s", want.tests, want.result, err, out)
		}
	}
}

// TestRailwayCommand: the workflow installs Railway's command by a lock.
func TestRailwayCommand(t *testing.T) {
	t.Parallel()
	var wants struct{ Dependencies map[string]string }
	var lock struct {
		Packages map[string]struct {
			Version, Integrity string
			Dependencies       map[string]string
		}
	}
	for file, into := range map[string]any{".github/package.json": &wants, ".github/package-lock.json": &lock} {
		if err := json.Unmarshal([]byte(read(t, file)), into); err != nil {
			t.Fatal(err)
		}
	}
	const name = "@railway/cli"
	version := wants.Dependencies[name]
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) || lock.Packages[""].Dependencies[name] != version || lock.Packages["node_modules/"+name].Version != version {
		t.Errorf("version %q is not the lock's %q", version, lock.Packages["node_modules/"+name].Version)
	}
	for path, p := range lock.Packages {
		if path != "" && p.Integrity == "" {
			t.Errorf("%s has no sum", path)
		}
	}
	if flow := read(t, ".github/workflows/ci.yml"); !strings.Contains(flow, "npm ci --prefix .github ") || strings.Contains(flow, "npm install") {
		t.Error("the workflow installs something without the lock")
	}
}

// TestAwait has the workflow's script wait for a deploy that takes a while, and
// give up on one that does not come.
func TestAwait(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	answers := []string{"", `{"status":"healthy","version":"old"}`, `{"status":"degraded","version":"new"}`, `{"status":"healthy","services":{},"version":"new"}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, answers[min(int(asked.Add(1)), len(answers))-1])
	}))
	t.Cleanup(server.Close)
	await := func(commit, seconds string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "bash", ".github/await", server.URL, commit, seconds)
		cmd.Env = append(os.Environ(), "AWAIT_PAUSE=0.01")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := await("new", "60"); err != nil || out != "new is live\n" || asked.Load() != int32(len(answers)) {
		t.Errorf("%v after %d questions: %s", err, asked.Load(), out)
	}
	if out, err := await("newer", "0"); err == nil || !strings.Contains(out, "still does not tell newer") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTaskfile(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("Taskfile.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tasks map[string]struct {
			Desc string   `yaml:"desc"`
			Cmds []string `yaml:"cmds"`
		} `yaml:"tasks"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"default", "test", "check", "bench", "generate", "build", "lambda"} {
		if task := file.Tasks[name]; task.Desc == "" || len(task.Cmds) == 0 {
			t.Errorf("task %s has no description or does nothing", name)
		}
	}
	for _, script := range []string{".ci/run"} {
		if st, err := os.Stat(filepath.FromSlash(script)); err != nil || st.Mode()&0o100 == 0 {
			t.Errorf("%s cannot be run: %v", script, err)
		}
	}
}
