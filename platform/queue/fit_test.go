package queue_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

func TestFit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		args    []string
		refused string
		warned  string
	}{
		{"keeps all", []string{"--maxmemory-policy", "noeviction"}, "", ""},
		{"evicts", []string{"--maxmemory-policy", "allkeys-lru"}, `"allkeys-lru"`, ""},
		{"evicts, and CONFIG is blocked", []string{"--maxmemory-policy", "volatile-ttl", "--rename-command", "CONFIG", ""}, "CONFIG SET maxmemory-policy noeviction", ""},
		{"does not tell", []string{"--maxmemory-policy", "allkeys-lru", "--rename-command", "INFO", ""}, "", "does not tell"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := platformtest.StartRedis(t, tc.args...)
			client, err := cache.Patient("redis://"+r.Address, 4)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			var log bytes.Buffer
			err = queue.Fit(t.Context(), client, slog.New(slog.NewTextHandler(&log, nil)))
			if (err == nil) != (tc.refused == "") || err != nil && !strings.Contains(err.Error(), tc.refused) {
				t.Errorf("got %v, want %q", err, tc.refused)
			}
			if (tc.warned == "") != (log.Len() == 0) || !strings.Contains(log.String(), tc.warned) {
				t.Errorf("logged %q, want %q", log.String(), tc.warned)
			}
		})
	}
}

// A worker waits for a Redis that is not there, and ends when it is told to.
func TestFitWaits(t *testing.T) {
	t.Parallel()
	client, err := cache.Patient("redis://127.0.0.1:1", 4)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, stop := context.WithCancel(t.Context())
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- queue.Fit(ctx, client, slog.New(slog.NewTextHandler(&stopping{&log, stop}, nil))) }()
	if err := <-done; err == nil || !strings.Contains(log.String(), "waiting for Redis") {
		t.Errorf("got %v, logged %q", err, log.String())
	}
}

// stopping ends the wait once it was told of.
type stopping struct {
	*bytes.Buffer
	stop func()
}

func (s *stopping) Write(p []byte) (int, error) {
	s.stop()
	return s.Buffer.Write(p)
}
