package content

import (
	"context"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/offline"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

// packed is what is told of a finished package.
type packed struct {
	Files      int   `json:"files"`
	SealedSize int64 `json:"sealedSize"`
}

// GenerateOfflinePackage makes a version's package. It appears when it is
// whole; until then devices get the one before.
func (j Jobs) GenerateOfflinePackage(ctx context.Context, a job.GenerateOfflinePackage) error {
	p, err := offline.Make(ctx, j.DB, j.Keyring, a.Version, func(done, of int) error {
		return queue.Say(ctx, "%d of %d files sealed", done, of)
	})
	if fault.Is(err, fault.NotFound) {
		return queue.Permanent(err)
	}
	if err != nil {
		return err
	}
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		if err := offline.Insert(ctx, tx, p); err != nil {
			return err
		}
		return queue.Finish(ctx, tx, packed{len(p.Files), p.SealedSize})
	})
}
