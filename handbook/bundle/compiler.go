package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"pilothandbook/handbook/mdx"
)

// patience is how long a compilation may take; most take milliseconds. There
// are sources of a few KiB that the compiler takes hours for.
const patience = 20 * time.Second

// A Compiler runs the bundler. It cannot be stopped, so a process that lives
// on runs it in one of its own, which can.
type Compiler struct {
	// Command starts a program that calls Serve. Without one the bundler runs
	// in this process, and goes on there when it takes too long.
	Command []string

	Patience time.Duration // 20 s if it is 0
}

// task is what a compiler is asked for.
type task struct {
	Files      Files
	Entry      string   // the text of a module to make, or
	Components []string // files that are compiled each by itself
}

// result is what it answers.
type result struct {
	Out    []output
	Faults []mdx.Fault
}

// output is a file that was made.
type output struct {
	Path     string
	Contents []byte
}

// Serve compiles what in asks for, for a Compiler of another process.
func Serve(in io.Reader, out io.Writer) error {
	var t task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	return json.NewEncoder(out).Encode(t.run())
}

// run does a task. The second value is false if it took too long.
func (c Compiler) run(t task) (result, bool) {
	if c.Patience == 0 {
		c.Patience = patience
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Patience)
	defer cancel()
	done := make(chan result, 1)
	if c.Command == nil {
		go func() { done <- t.run() }()
	} else {
		r, err := t.runBy(ctx, c.Command)
		if err != nil && ctx.Err() == nil {
			return failed("%v; publish it again, and if that fails too, tell the operators", err), true
		}
		if err == nil {
			done <- r
		}
	}
	select {
	case r := <-done:
		return r, true
	case <-ctx.Done():
		return failed("compiling takes over %v; write long expressions as several", c.Patience), false
	}
}

func failed(format string, args ...any) result {
	return result{Faults: []mdx.Fault{{File: "components", Text: fmt.Sprintf(format, args...)}}}
}

// runBy lets another process do a task, and ends it with ctx. It is told
// nothing of this one's environment.
func (t task) runBy(ctx context.Context, command []string) (r result, err error) {
	asked, err := json.Marshal(t)
	if err != nil {
		return r, err
	}
	var out, said bytes.Buffer
	child := exec.CommandContext(ctx, command[0], command[1:]...)
	child.Env = []string{}
	child.Stdin, child.Stdout, child.Stderr = bytes.NewReader(asked), &out, &said
	if err := child.Run(); err != nil {
		return r, errors.Join(fmt.Errorf("the compiler failed: %w", err), errors.New(said.String()))
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}

// run calls the bundler.
func (t task) run() result {
	o := options(t.Files)
	if t.Entry != "" {
		o.Stdin = &api.StdinOptions{Contents: t.Entry, Loader: api.LoaderTS}
	} else {
		o.Outdir, o.Outbase = "/", "/" // where nothing is written
	}
	for _, file := range t.Components {
		o.EntryPointsAdvanced = append(o.EntryPointsAdvanced, api.EntryPoint{InputPath: "./" + file, OutputPath: file})
	}
	made := api.Build(o)
	r := result{Faults: faults(made)}
	if len(r.Faults) == 0 {
		for _, f := range made.OutputFiles {
			r.Out = append(r.Out, output{f.Path, f.Contents})
		}
	}
	return r
}
