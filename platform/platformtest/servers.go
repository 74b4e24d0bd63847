// Package platformtest gives each test a handbook of its own: a database
// cloned from a migrated template, a Redis, and requests through the real
// router. Every test package that uses it has
//
//	func TestMain(m *testing.M) { platformtest.Main(m) }
//
// which starts the servers when the first test asks, and ends them.
package platformtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/jackc/pgx/v5"
)

// redisDatabases bounds the tests of one binary that use Redis.
const redisDatabases = 4096

var (
	running  atomic.Bool // Main is in charge
	stopping sync.Mutex  // guards stops
	stops    []func()
	numbered atomic.Int64
)

// Main runs the tests of a package and ends the servers they used.
func Main(m *testing.M) {
	running.Store(true)
	code := m.Run()
	for _, stop := range stops {
		stop()
	}
	os.Exit(code)
}

// AtEnd has stop called after the last test of the package.
func AtEnd(stop func()) {
	stopping.Lock()
	defer stopping.Unlock()
	stops = append(stops, stop)
}

// Database returns the address of a migrated database of the test's own.
func Database(t testing.TB) string {
	t.Helper()
	return clone(t, template)
}

// EmptyDatabase returns the address of a database without a schema.
func EmptyDatabase(t testing.TB) string {
	t.Helper()
	return clone(t, "template1")
}

func clone(t testing.TB, from string) string {
	t.Helper()
	if !running.Load() {
		t.Fatal("this package needs: func TestMain(m *testing.M) { platformtest.Main(m) }")
	}
	s, err := cluster()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d", numbered.Add(1))
	if err := run(s.URL("postgres"), `CREATE DATABASE `+name+` TEMPLATE `+from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run(s.URL("postgres"), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return s.URL(name)
}

func run(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// redisServer is this test binary's redis-server; "" where none is installed.
var redisServer = sync.OnceValues(func() (string, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return "", nil
	}
	dir, err := os.MkdirTemp("", "handbook-redis-")
	if err != nil {
		return "", err
	}
	port, release, err := freePort()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(bin, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir,
		"--databases", strconv.Itoa(redisDatabases), "--maxmemory-policy", "noeviction", "--logfile", filepath.Join(dir, "log"))
	if err := cmd.Start(); err != nil {
		return "", err
	}
	AtEnd(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
		release()
	})
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return addr, waitFor(addr)
})

// FreePort returns a port that nothing listens at, and that no test is told
// until this one has ended.
func FreePort(t testing.TB) int {
	t.Helper()
	port, release, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// freePort finds a port below those that Linux gives to outgoing connections
// (32768 and more): one of them would take it before it is listened at, or while
// its process is down. Until release, the UDP port of the same number is held,
// which says to the tests of all packages that it is taken, and lets TCP be.
func freePort() (port int, release func(), err error) {
	for range 100 {
		port = 10_000 + rand.IntN(20_000)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		var held net.PacketConn
		if held, err = net.ListenPacket("udp", addr); err != nil {
			continue
		}
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err != nil {
			_ = held.Close()
			continue
		}
		return port, func() { _ = held.Close() }, l.Close()
	}
	return 0, nil, err
}

func waitFor(addr string) error {
	var err error
	for range 200 {
		var c net.Conn
		if c, err = net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(25 * time.Millisecond)
	}
	return err
}

// unhurried keeps a cache on a busy machine from being given up.
const unhurried = "dial_timeout=10s&read_timeout=10s&write_timeout=10s&pool_timeout=10s"

// Redis returns the address of an empty Redis of the test's own: a database
// of a real server, or one in the process where no server is installed. Under
// CI the real one must be there.
func Redis(t testing.TB) string {
	t.Helper()
	addr, err := redisServer()
	if err != nil {
		t.Fatalf("redis-server for tests: %v", err)
	}
	if addr != "" {
		return fmt.Sprintf("redis://%s/%d?%s", addr, numbered.Add(1)%redisDatabases, unhurried)
	}
	if os.Getenv("CI") != "" {
		t.Fatal("redis-server is not installed: under CI the tests use the real one")
	}
	m := miniredis.RunT(t)
	return "redis://" + m.Addr()
}
