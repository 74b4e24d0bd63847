// Package serve runs an HTTP server until it is told to stop, and lets
// requests under way end first.
package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Drain is how long requests may go on after a stop, Notice included.
// Downloads that last longer are resumed by Range.
const Drain = 20 * time.Second

// Notice is how long a deployment goes on listening after a stop. A proxy
// learns meanwhile, on the connections that it keeps, that it is to leave.
const Notice = time.Second

// Server says what is served, and how it stops.
type Server struct {
	Handler  http.Handler
	Log      *slog.Logger
	Stopping func()        // called when a stop begins; may be nil
	Notice   time.Duration // 0 closes at once what is idle
	Drain    time.Duration // 0 is Drain
}

// Run serves on l until ctx ends. Then every answer ends its connection, and
// after Notice it stops listening and waits for the requests under way. What
// outlasts Drain is cut, which is no fault: whoever runs the program would
// start it again.
func (s Server) Run(ctx context.Context, l net.Listener) error {
	var leaving atomic.Bool
	h := s.http(&leaving)
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(s.Drain, Drain))
	defer cancel()
	leaving.Store(true)
	if s.Stopping != nil {
		s.Stopping()
	}
	select {
	case <-failed: // nobody comes any more
	case <-time.After(s.Notice):
	}
	s.stop(late, h)
	return nil
}

func (s Server) http(leaving *atomic.Bool) *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if leaving.Load() {
				w.Header().Set("Connection", "close")
			}
			s.Handler.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}

func (s Server) stop(late context.Context, h *http.Server) {
	err := h.Shutdown(late)
	if errors.Is(err, context.DeadlineExceeded) {
		s.Log.Warn("stopped serving: requests are cut that go on")
		err = h.Close()
	}
	if err != nil {
		s.Log.Warn("stop serving", "err", err)
	}
}
