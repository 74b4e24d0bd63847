// Package memredis runs a Redis inside this process, for the embedded
// default. It never evicts (its policy is noeviction by construction) and
// forgets everything with the process, which the handbook must survive anyway.
package memredis

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
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
	s := &Server{redis: m, stop: make(chan struct{})}
	s.done.Go(s.tick)
	return s, nil
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
