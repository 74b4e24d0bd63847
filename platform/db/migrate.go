package db

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// lockTimeout bounds how long a migration may wait for a table that running
// requests use: they would queue up behind it.
const lockTimeout = 2 * time.Second

// Migrate brings the database at url to the newest of files. Several
// processes may call it at once: one migrates, the others wait for it. It
// returns how many were applied.
func Migrate(ctx context.Context, url string, files fs.FS, log *slog.Logger) (int, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return 0, fmt.Errorf("DATABASE_URL cannot be read")
	}
	cfg.RuntimeParams["lock_timeout"] = fmt.Sprint(lockTimeout.Milliseconds())
	sql := stdlib.OpenDB(*cfg)
	defer sql.Close()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return 0, fmt.Errorf("migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, sql, files, goose.WithSessionLocker(locker))
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		log.Info("migrated", "file", r.Source.Path, "took", r.Duration.Round(time.Millisecond))
	}
	if err != nil {
		return len(results), fmt.Errorf("migrate: %w", err)
	}
	return len(results), nil
}

// Version returns the number of the newest migration that was applied, 0 for
// none.
func Version(ctx context.Context, q Querier) (int64, error) {
	var n int64
	err := q.QueryRow(ctx, `
		SELECT coalesce(max(version_id), 0)
		FROM goose_db_version
		WHERE is_applied`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("migration version: %w", err)
	}
	return n, nil
}
