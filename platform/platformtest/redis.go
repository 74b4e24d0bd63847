package platformtest

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// RedisProcess is a redis-server that belongs to one test, which may freeze,
// kill and restart it. It holds nothing on disk, unless its
// arguments say so.
type RedisProcess struct {
	*exec.Cmd
	Address string
	args    []string
}

// StartRedis starts a redis-server with more arguments.
func StartRedis(t testing.TB, args ...string) *RedisProcess {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	r := &RedisProcess{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	r.args = append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()}, args...)
	r.Restart(t)
	t.Cleanup(r.End)
	return r
}

// Restart starts it again after its End, with what it holds on disk.
func (r *RedisProcess) Restart(t testing.TB) {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("this test needs redis-server: apt-get install redis-server")
	}
	r.Cmd = exec.Command(bin, r.args...)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(r.Address); err != nil {
		t.Fatalf("redis-server does not start: %v", err)
	}
}

// End kills it.
func (r *RedisProcess) End() {
	_ = r.Process.Kill()
	_ = r.Wait()
}
