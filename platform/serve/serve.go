// Package serve runs an HTTP server until it is told to stop, and lets
// requests under way end first.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// drain is how long requests may go on after a stop. Downloads that last
// longer are resumed by Range.
const drain = 20 * time.Second

// HTTP serves handler on l until ctx ends, then stops listening and waits for
// the requests under way.
func HTTP(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := s.Shutdown(late); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(fmt.Errorf("stop serving: %w", err), s.Close())
	}
	return nil
}
