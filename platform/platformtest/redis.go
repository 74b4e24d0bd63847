package platformtest

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
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
	port := strconv.Itoa(FreePort(t))
	r := &RedisProcess{Address: net.JoinHostPort("127.0.0.1", port)}
	r.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()}, args...)
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

// Fill writes to it until it has no room left, for which it must have been
// started with a maxmemory of 3mb and without eviction. empty makes room again.
func (r *RedisProcess) Fill(t testing.TB) (empty func()) {
	t.Helper()
	const ballast = "ballast:"
	c := redis.NewClient(&redis.Options{Addr: r.Address, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	var keys []string
	for err := error(nil); err == nil; {
		keys = append(keys, ballast+strconv.Itoa(len(keys)))
		if err = c.Set(t.Context(), keys[len(keys)-1], strings.Repeat("x", 64<<10), 0).Err(); err != nil && !redis.IsOOMError(err) {
			t.Fatal(err)
		}
	}
	// What connections take and give back is no room either.
	if err := c.ConfigSet(t.Context(), "maxmemory", "2mb").Err(); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := c.Del(t.Context(), keys...).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
