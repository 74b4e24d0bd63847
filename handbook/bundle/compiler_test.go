package bundle_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/bundle"
)

const asChild = "compile"

// endless is 60 KB of comparisons, each of which may be the begin of a type's
// arguments.
var endless = "x = " + strings.Repeat("a<", 30_000) + "b"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asChild {
		if err := bundle.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// apart compiles in a process of its own: this program's.
func apart() bundle.Compiler { return bundle.Compiler{Command: []string{os.Args[0], asChild}} }

// TestApart: another process makes the same, and has the same faults.
func TestApart(t *testing.T) {
	for _, src := range []string{dial, "let é = ;", "import 'x'"} {
		want, wantFaults := bundle.Compiler{}.Make(with(src), []string{file})
		got, gotFaults := apart().Make(with(src), []string{file})
		if diff := cmp.Diff(want, got) + cmp.Diff(wantFaults, gotFaults); diff != "" {
			t.Errorf("%s: -here +apart:\n%s", src, diff)
		}
		wantFaults, _ = bundle.Compiler{}.Check(with(src), map[string]string{file: "m-dial"})
		gotFaults, ended := apart().Check(with(src), map[string]string{file: "m-dial"})
		if diff := cmp.Diff(wantFaults, gotFaults); diff != "" || !ended {
			t.Errorf("%s: -here +apart:\n%s", src, diff)
		}
	}
}

// TestEnded gives the compiler a source of which it does not come to an end.
// Its process must be gone with the fault.
func TestEnded(t *testing.T) {
	c := apart()
	c.Patience = time.Second
	faults, ended := c.Check(with(endless), map[string]string{file: "m-dial"})
	if ended || len(faults) != 1 || faults[0].String() != "components: compiling takes over 1s; write long expressions as several" {
		t.Errorf("ended: %v, %v", ended, faults)
	}
	lists, _ := os.ReadDir("/proc/self/task") // Linux tells of a process's children
	for _, l := range lists {
		children, err := os.ReadFile("/proc/self/task/" + l.Name() + "/children")
		if err == nil && strings.TrimSpace(string(children)) != "" {
			t.Errorf("these go on: %s", children)
		}
	}
}

// TestNoCompiler: that the compiler cannot be run is not the author's fault.
func TestNoCompiler(t *testing.T) {
	for _, command := range []string{"/nowhere", "/bin/false"} {
		faults, ended := bundle.Compiler{Command: []string{command}}.Check(with(dial), map[string]string{file: "m-dial"})
		if !ended || len(faults) != 1 || !strings.Contains(faults[0].Text, "the compiler failed") || !strings.Contains(faults[0].Text, "tell the operators") {
			t.Errorf("%s: %v", command, faults)
		}
	}
}
