//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pilothandbook/platform/local/postgres"
)

// Where there is no death signal, a killed process leaves its server running.
// The next start ends that, but nobody else's.
func TestServerLeftRunning(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, folder string
		held         bool
	}{
		{"by this package", "handbook-pg-*", false},
		{"by somebody else", "other-pg-*", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(openDir(t), "data")
			s := start(t, postgres.Options{Data: data})
			stop(t, s)
			left := leave(t, s, tc.folder)

			again, err := postgres.Start(t.Context(), postgres.Options{Data: data})
			if err == nil {
				stop(t, again)
			}
			var held *postgres.Held
			if errors.As(err, &held) != tc.held || err != nil && !tc.held {
				t.Fatalf("start: got %v, want held: %t", err, tc.held)
			}
			if tc.held && held.PID != left {
				t.Errorf("held: got process %d, want %d", held.PID, left)
			}
		})
	}
}

// leave runs postgres on the data of s with a socket in a folder of the given
// pattern until the test's end, and returns its process id.
func leave(t *testing.T, s *postgres.Server, folder string) int {
	t.Helper()
	run, err := os.MkdirTemp("", folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	info, err := os.Stat(s.Data())
	if err != nil {
		t.Fatal(err)
	}
	bin, _, _ := strings.Cut(s.Binaries(), " (")
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", s.Data(), "-F",
		"-c", "listen_addresses=", "-c", "port=5432", "-c", "unix_socket_directories="+run)
	if owner := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
		if err := os.Chown(run, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
	})
	until(t, func() bool { return dial(filepath.Join(run, ".s.PGSQL.5432")) })
	return cmd.Process.Pid
}
