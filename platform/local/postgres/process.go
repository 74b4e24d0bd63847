package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	port       = "5432" // only a part of the socket's name
	socketFile = ".s.PGSQL." + port
	superuser  = "postgres"
	poll       = 25 * time.Millisecond
	patience   = 5 * time.Second // for a server of a killed process to go away
)

// process is a started command that someone waits for.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait, set before done is closed
}

// launch starts a command from a thread that lives as long as the command:
// Linux sends the death signal of sys_linux.go when the thread ends, not the
// process.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

// stop asks for a fast shutdown, then for one without a checkpoint, then kills.
func (p *process) stop(output *tail) error {
	select {
	case <-p.done:
		return fmt.Errorf("postgres had ended before it was stopped: %s%s", describe(p.err), output)
	default:
	}
	for _, step := range []struct {
		signal os.Signal
		wait   time.Duration
	}{
		{os.Interrupt, 30 * time.Second},
		{syscall.SIGQUIT, 5 * time.Second},
		{os.Kill, 5 * time.Second},
	} {
		_ = p.cmd.Process.Signal(step.signal) // fails only when it is gone
		select {
		case <-p.done:
			if p.err != nil {
				return fmt.Errorf("stop postgres: %w%s", p.err, output)
			}
			return nil
		case <-time.After(step.wait):
		}
	}
	return fmt.Errorf("stop postgres: process %d does not end", p.cmd.Process.Pid)
}

// serve starts postgres and waits until it answers. What a killed postmaster
// left behind takes a moment to go, so two refusals are tried again.
func (s *Server) serve(ctx context.Context) error {
	deadline := time.Now().Add(patience)
	for {
		p, err := launch(s.command())
		if err != nil {
			return fmt.Errorf("launch %s: %w", s.bin.file("postgres"), err)
		}
		s.process = p
		err = s.ready(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		s.process = nil
		if !s.output.tellsOfLeftover() || time.Now().After(deadline) {
			return err
		}
		s.output.forget()
		time.Sleep(4 * poll)
	}
}

func (s *Server) command() *exec.Cmd {
	settings := []string{
		"listen_addresses=",
		"unix_socket_directories=" + s.run,
		"port=" + port,
		"max_connections=" + strconv.Itoa(s.options.MaxConnections),
	}
	if !s.options.Durable {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off")
	}
	args := []string{"-D", s.data}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := s.account.command(context.Background(), "/", s.bin.file("postgres"), args...)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	return cmd
}

// ready returns nil once the server answers.
func (s *Server) ready(ctx context.Context) error {
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("postgres ended early: %s%s", describe(s.process.err), s.output)
		case <-ctx.Done():
			return fmt.Errorf("waiting for postgres to answer: %w%s", ctx.Err(), s.output)
		case <-time.After(poll):
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return false
	}
	return c.Close(ctx) == nil
}

func describe(err error) string {
	if err == nil {
		return "without an error"
	}
	return err.Error()
}

// tail passes output on and keeps the end of it for error texts.
type tail struct {
	mu   sync.Mutex
	to   io.Writer
	last []byte
}

// Write keeps and passes on p. It never fails: postgres must not stop for its log.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const kept = 4096
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-kept):]
	if t.to != nil {
		_, _ = t.to.Write(p)
	}
	return len(p), nil
}

// String returns the last lines, indented below the error they follow.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.last))
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-20):]
	return "\n  " + strings.Join(lines, "\n  ")
}

func (t *tail) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = nil
}

func (t *tail) tellsOfLeftover() bool {
	text := t.String()
	return strings.Contains(text, "pre-existing shared memory block") ||
		strings.Contains(text, `"postmaster.pid" already exists`)
}

// run runs a command to its end and returns what it printed when it fails.
func run(cmd *exec.Cmd) error {
	var output tail
	cmd.Stdout, cmd.Stderr = &output, &output
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	<-p.done
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return fmt.Errorf("%w%s", p.err, &output)
	}
	return p.err
}
