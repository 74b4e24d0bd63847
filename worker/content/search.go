package content

import (
	"context"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/search"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// found is what is told of a finished index.
type found struct {
	Sections int `json:"sections"`
}

// UpdateSearchIndex makes what can be found of a version.
func (j Jobs) UpdateSearchIndex(ctx context.Context, a job.UpdateSearchIndex) error {
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		n, err := search.Index(ctx, tx, a.Version)
		if err != nil {
			return err
		}
		return queue.Finish(ctx, tx, found{n})
	})
}
