// Package memredis runs a Redis inside this process, for the embedded
// default. It never evicts (its policy is noeviction by construction) and
// forgets everything with the process, which the handbook must survive anyway.
package memredis

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// step is how often time passes in the server, which has no clock of its own.
const step = 100 * time.Millisecond

// Server is a running Redis.
type Server struct {
	redis *miniredis.Miniredis
	stop  chan struct{}
	done  sync.WaitGroup
}

// Start listens on a free port of 127.0.0.1.
func Start() (*Server, error) {
	m, err := miniredis.Run()
	if err != nil {
		return nil, fmt.Errorf("start Redis: %w", err)
	}
	m.Server().SetPreHook(policy)
	s := &Server{redis: m, stop: make(chan struct{})}
	s.done.Go(s.tick)
	return s, nil
}

// policy answers INFO memory, of which the server knows nothing.
func policy(c *server.Peer, cmd string, args ...string) bool {
	if !strings.EqualFold(cmd, "INFO") || len(args) != 1 || !strings.EqualFold(args[0], "memory") {
		return false
	}
	c.WriteBulk("# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n")
	return true
}

// tick lets keys expire.
func (s *Server) tick() {
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case now := <-ticker.C:
			s.redis.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL returns the server's address.
func (s *Server) URL() string { return "redis://" + s.redis.Addr() }

// Stop ends the server.
func (s *Server) Stop() {
	close(s.stop)
	s.done.Wait()
	s.redis.Close()
}
