package upload_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"pilothandbook/functions/upload"
	"pilothandbook/platform/platformtest"
)

// TestSameUpload joins uploads to a job that will do what they wish.
func TestSameUpload(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	store(t, p, "one", "two")
	active := announced("one")
	active["activate"] = true
	var made []uuid.UUID
	for _, tc := range []struct {
		name, change string // of all jobs, beforehand
		body         map[string]any
		same         int // which job is answered
	}{
		{"first", "", announced("one"), 0},
		{"of other files", "", announced("two"), 1},
		{"waiting", "", announced("one"), 0},
		{"in Redis", "state = 'queued'", announced("one"), 0},
		{"at work", "state = 'running'", announced("one"), 0},
		{"to be activated", "", active, 2},
		{"to be activated again", "", active, 2},
		{"activated or not", "state = 'done' WHERE payload->'activate' IS NULL", announced("one"), 2},
		{"after a death", "state = 'dead'", announced("one"), 3},
	} {
		if tc.change != "" {
			if _, err := p.DB.Exec(t.Context(), `UPDATE outbox SET `+tc.change); err != nil {
				t.Fatal(err)
			}
		}
		got := post(t, p, tc.body, http.StatusAccepted).Job
		if !slices.Contains(made, got) {
			made = append(made, got)
		}
		if i := slices.Index(made, got); i != tc.same {
			t.Errorf("%s: the answer is job %d, want %d", tc.name, i, tc.same)
		}
	}
	if n := count(t, p, "outbox WHERE kind = 'process-module'"); n != len(made) {
		t.Errorf("%d jobs, want %d", n, len(made))
	}
}

func TestSameUploadAtOnce(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	store(t, p, "one")
	operator := platformtest.Operator(t, p)
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			got := platformtest.Call(t, p, upload.Routes(p), operator, "POST", "/api/uploads", announced("one"))
			if got.Status != http.StatusAccepted {
				return fmt.Errorf("status %d: %s", got.Status, got.Body)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if n := count(t, p, "outbox WHERE kind = 'process-module'"); n != 1 {
		t.Errorf("%d jobs, want 1", n)
	}
}
