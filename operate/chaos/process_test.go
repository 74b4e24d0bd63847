//go:build chaos && linux

package chaos_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"pilothandbook/platform/platformtest"
)

// build builds the program as it is deployed, with a planted defect if one is
// wanted.
func build(t *testing.T, defect string) string {
	t.Helper()
	if *program != "" {
		return *program
	}
	tree := root
	if defect != "" {
		tree = copyTree(t)
		apply(t, tree, patch(defect))
	}
	if t.Failed() {
		t.FailNow()
	}
	return compile(t, tree)
}

// compile compiles the program of a tree.
func compile(t *testing.T, tree string) string {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join(t.TempDir(), "handbook"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-tags", "production,nodynamic", "-o", bin, ".")
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// process is one of the program, killed and started again many times.
type process struct {
	name, port string
	bin, word  string
	env        []string
	out        *os.File

	mu   sync.Mutex
	cmd  *exec.Cmd // nil while it is down
	runs string    // the program that was started last
	done chan struct{}
}

// process makes one with a port of its own; it is not started.
func (p *plant) process(word, name string) *process {
	p.t.Helper()
	out, err := os.Create(filepath.Join(p.logs, name+".log"))
	if err != nil {
		p.t.Fatal(err)
	}
	s := &process{name: name, bin: p.bin, word: word, port: strconv.Itoa(platformtest.FreePort(p.t)), out: out}
	p.t.Cleanup(func() { s.kill(); _ = out.Close() })
	return s
}

func (s *process) base() string { return "http://127.0.0.1:" + s.port }

// start starts it, unless it runs. It dies with the test: Linux sends the
// signal when the thread that started it ends, so that one waits for it.
func (s *process) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return nil
	}
	s.runs = s.bin
	cmd := exec.Command(s.bin, s.word)
	cmd.Env = append(s.env, "PORT="+s.port, "HOSTNAME=127.0.0.1")
	cmd.Stdout, cmd.Stderr = s.out, s.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done, started := make(chan struct{}), make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(done)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	s.cmd, s.done = cmd, done
	return nil
}

// is reports whether it was started last as a program.
func (s *process) is(bin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs == bin
}

// become makes it another program from its next start on.
func (s *process) become(bin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bin = bin
}

// kill kills it, and reports whether it ran.
func (s *process) kill() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return false
	}
	err := s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.done
	s.cmd = nil
	return !errors.Is(err, os.ErrProcessDone)
}

// freeze stops it, and returns what has it go on and reports whether it is the
// same one still; nil while it is down.
func (s *process) freeze() (thaw func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := s.cmd
	if cmd == nil || cmd.Process.Signal(syscall.SIGSTOP) != nil {
		return nil
	}
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.cmd == cmd && cmd.Process.Signal(syscall.SIGCONT) == nil
	}
}

// ended reports whether it ended by itself, which it never should.
func (s *process) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// command runs a word of the program to its end.
func (p *plant) command(args ...string) (string, error) {
	cmd := exec.CommandContext(p.t.Context(), p.bin, args...)
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}
