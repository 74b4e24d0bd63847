package job

import (
	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// UpdateSearchIndex makes what can be found of a version.
type UpdateSearchIndex struct {
	Version uuid.UUID `json:"version"`
}

// Job says how it is run.
func (UpdateSearchIndex) Job() queue.Spec { return content("update-search-index") }
