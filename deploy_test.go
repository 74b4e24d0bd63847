package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

func TestDockerfile(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	var stages []string
	for _, m := range regexp.MustCompile(`(?m)^FROM \S+ AS (\w+)$`).FindAllStringSubmatch(text, -1) {
		stages = append(stages, m[1])
	}
	if want := []string{"base", "deps", "builder", "runner"}; !slices.Equal(stages, want) {
		t.Errorf("stages %q, want %q", stages, want)
	}
	for _, line := range []string{
		`FROM golang:1.26-alpine3.22 AS base`, `FROM alpine:3.22 AS runner`, `apk add --no-cache libc6-compat`, `Lockfile not found.`, `-mod=readonly`,
		`--gid 1001`, `--uid 1001`, `--chown=handbook:handbook`, "\nUSER handbook\n", "\nEXPOSE 3000\n", `PORT=3000`, `HOSTNAME=0.0.0.0`, `APP_ENV=production`,
		`CMD ["handbook", "web"]`, `CGO_ENABLED=0`, `-tags production,nodynamic`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the Dockerfile has no %q", line)
		}
	}
	runner := text[strings.Index(text, "AS runner"):]
	if copies := regexp.MustCompile(`(?m)^COPY .*$`).FindAllString(runner, -1); len(copies) != 1 {
		t.Errorf("the runner gets more than the program: %q", copies)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "\ngo 1.26") {
		t.Error("go.mod and the Dockerfile name different versions of Go")
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
