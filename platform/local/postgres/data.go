package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const versionFile = "PG_VERSION"

// majorOf returns the PostgreSQL major version that made a data folder, 0 when
// the folder is empty or not there.
func majorOf(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, versionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, mustBeEmpty(data)
	}
	if err != nil {
		return 0, fmt.Errorf("version of the data folder: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("version of the data folder %s: %w", data, err)
	}
	return major, nil
}

func mustBeEmpty(data string) error {
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("the folder %s is not empty and holds no PostgreSQL data", data)
	}
	return nil
}

// initialise fills an empty data folder. It does so under another name, so
// that what interrupts it never leaves half a folder.
func (s *Server) initialise(ctx context.Context) error {
	if major, err := majorOf(s.data); major != 0 || err != nil {
		return err
	}
	fresh := s.data + ".unfinished"
	if err := removeAll(fresh); err != nil {
		return err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("new data folder: %w", err)
	}
	if err := s.account.own(fresh); err != nil {
		return fmt.Errorf("owner of the new data folder: %w", err)
	}
	if err := run(s.filling(ctx, fresh)); err != nil {
		return fmt.Errorf("fill %s: %w", s.data, err)
	}
	if err := os.Rename(fresh, s.data); err != nil {
		return fmt.Errorf("new data folder: %w", err)
	}
	return nil
}

// filling returns the command that fills a folder which is there.
func (s *Server) filling(ctx context.Context, dir string) *exec.Cmd {
	if s.options.Like != "" {
		return s.account.command(ctx, "/", "cp", "-Rp", s.options.Like+"/.", dir)
	}
	args := []string{"-D", dir, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C"}
	if !s.options.Durable {
		args = append(args, "--no-sync")
	}
	return s.account.command(ctx, "/", s.bin.file("initdb"), args...)
}

// settle waits for a server that a killed process left on the data. We hold
// the lock, so nobody else wants it.
func (s *Server) settle(ctx context.Context) error {
	started := time.Now()
	asked := false
	for {
		left, ok := leftoverOf(s.data)
		if !ok {
			return nil
		}
		if !left.isPostgres(ctx) {
			// The number of a server that was killed, given to another
			// process since: postgres would refuse to start.
			return os.Remove(left.file)
		}
		if time.Since(started) > patience {
			return &Held{Data: s.data, PID: left.pid}
		}
		if !asked && time.Since(started) > patience/5 && left.isOurs() {
			asked = true
			_ = left.process.Signal(os.Interrupt) // gone is what we want
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// leftover is the living process that a data folder's postmaster.pid names.
type leftover struct {
	file    string
	pid     int
	process *os.Process
	socket  string
}

func leftoverOf(data string) (leftover, bool) {
	l := leftover{file: filepath.Join(data, "postmaster.pid")}
	text, err := os.ReadFile(l.file)
	if err != nil {
		return l, false
	}
	// Process id, data folder, start time, port, socket folder, and more.
	lines := strings.Split(string(text), "\n")
	if l.pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || l.pid <= 0 {
		return l, false
	}
	if len(lines) > 4 {
		l.socket = filepath.Join(lines[4], socketFile)
	}
	if l.process, err = os.FindProcess(l.pid); err != nil {
		return l, false
	}
	err = l.process.Signal(syscall.Signal(0))
	return l, err == nil || errors.Is(err, fs.ErrPermission)
}

// isPostgres tells whether the process runs a program of that name. It says
// yes when it cannot tell.
func (l leftover) isPostgres(ctx context.Context) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", l.pid))
	if err != nil {
		name, err = exec.CommandContext(ctx, "ps", "-o", "comm=", "-p", strconv.Itoa(l.pid)).Output()
	}
	base := filepath.Base(strings.TrimSpace(string(name)))
	return err != nil || base == "postgres" || base == "postmaster"
}

// isOurs tells whether the process is a server that this package started: it
// answers on the socket in one of our folders.
func (l leftover) isOurs() bool {
	return strings.HasPrefix(filepath.Base(filepath.Dir(l.socket)), runPrefix) && listens(l.socket)
}

func listens(socket string) bool {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	return c.Close() == nil
}
