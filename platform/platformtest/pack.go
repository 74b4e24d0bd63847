package platformtest

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
)

// Pack makes the offline package of a module's active version, as the job
// does, and returns its manifest.
func Pack(t testing.TB, p *platform.Platform, module string) offline.Manifest {
	t.Helper()
	var version uuid.UUID
	if err := p.DB.QueryRow(t.Context(), `SELECT id FROM content_versions WHERE module_id = $1 AND is_active`, module).Scan(&version); err != nil {
		t.Fatal(err)
	}
	made, err := offline.Make(t.Context(), p.DB, offline.Keyring(p.Config), version, func(int, int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return offline.Insert(t.Context(), tx, made) }); err != nil {
		t.Fatal(err)
	}
	return made.Manifest
}
