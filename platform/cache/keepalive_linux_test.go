package cache_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/cache"
)

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c, err := cache.Patient("redis://"+l.Addr().String(), 0)
	if err != nil {
		t.Fatal(err)
	}
	o := c.(*redis.Client).Options()
	conn, err := o.Dialer(t.Context(), "tcp", o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var idle int
	err = raw.Control(func(fd uintptr) {
		idle, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE)
	})
	if err != nil || idle != 30 {
		t.Errorf("a quiet connection is asked after %d s (%v), want 30", idle, err)
	}
}
