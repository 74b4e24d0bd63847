package memredis_test

import (
	"bytes"
	"log/slog"
	"testing"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/local/memredis"
	"pilothandbook/platform/queue"
)

// The queue takes it for what it is, without a warning.
func TestFit(t *testing.T) {
	t.Parallel()
	s, err := memredis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	client, err := cache.Patient(s.URL(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var log bytes.Buffer
	if err := queue.Fit(t.Context(), client, slog.New(slog.NewTextHandler(&log, nil))); err != nil || log.Len() > 0 {
		t.Errorf("got %v, logged %q", err, log.String())
	}
}
