package job

import (
	"github.com/google/uuid"

	"pilothandbook/platform/queue"
)

// GenerateOfflinePackage makes what devices keep of a version.
type GenerateOfflinePackage struct {
	Version uuid.UUID `json:"version"`
}

// Job says how it is run.
func (GenerateOfflinePackage) Job() queue.Spec { return content("generate-offline-package") }
