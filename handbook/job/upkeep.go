package job

import (
	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// Upkeep deletes what nobody needs any more.
type Upkeep struct{}

// Job says how it is run.
func (Upkeep) Job() queue.Spec { return content("upkeep") }

// SyncProgress makes a reader's progress anew from all study events.
type SyncProgress struct {
	User uuid.UUID `json:"user"`
}

// Job says how it is run.
func (SyncProgress) Job() queue.Spec { return content("sync-progress") }

// SyncReaders finds the readers whose events about a version's lessons came
// before the lessons, and has their progress made anew.
type SyncReaders struct {
	Version uuid.UUID `json:"version"`
}

// Job says how it is run.
func (SyncReaders) Job() queue.Spec { return content("sync-readers") }
