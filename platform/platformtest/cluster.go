package platformtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"pilothandbook/migrations"
	"pilothandbook/platform/db"
	"pilothandbook/platform/local/postgres"
)

const (
	template = "handbook_template" // the database that tests' own ones are cloned from
	keptFor  = 24 * time.Hour      // clusters of other migrations
)

// cluster is this test binary's PostgreSQL, with the migrated template.
var cluster = sync.OnceValues(func() (*postgres.Server, error) {
	o := postgres.Options{MaxConnections: 300}
	if like, err := kept(); err == nil {
		o.Like = like
	}
	s, err := postgres.Start(context.Background(), o)
	if err != nil && o.Like != "" { // of a PostgreSQL that is not there any more
		o.Like = ""
		s, err = postgres.Start(context.Background(), o)
	}
	if err != nil {
		return nil, err
	}
	AtEnd(func() { _ = s.Stop() })
	if o.Like != "" {
		return s, nil
	}
	return s, migrate(s)
})

// migrate makes the template.
func migrate(s *postgres.Server) error {
	if err := run(s.URL("postgres"), `CREATE DATABASE `+template); err != nil {
		return err
	}
	_, err := db.Migrate(context.Background(), s.URL(template), migrations.Files, slog.New(slog.DiscardHandler))
	return err
}

// kept returns the data folder of a stopped cluster with the template of these
// migrations. The first test binary makes it for all others: making one is
// most of what a small package's tests take.
func kept() (string, error) {
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range names {
		text, err := migrations.Files.ReadFile(name)
		if err != nil {
			return "", err
		}
		sum.Write(text)
	}
	cache := postgres.CacheFolder()
	if cache == "" {
		return "", errors.New("there is no folder to keep it in")
	}
	all := filepath.Join(cache, "tests")
	if err := os.MkdirAll(all, 0o755); err != nil {
		return "", err
	}
	dir := filepath.Join(all, fmt.Sprintf("%x", sum.Sum(nil))[:16])
	l := flock.New(dir + ".lock")
	if err := l.Lock(); err != nil {
		return "", err
	}
	defer l.Close()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	forget(all, dir)
	return dir, keep(dir)
}

// keep makes a cluster under another name, so that none is half made.
func keep(dir string) error {
	unfinished := dir + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	s, err := postgres.Start(context.Background(), postgres.Options{Data: unfinished})
	if err != nil {
		return err
	}
	err = migrate(s)
	if stopped := s.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	return os.Rename(unfinished, dir)
}

// forget removes the clusters that were made long ago, but not one's own.
func forget(all, own string) {
	dirs, _ := filepath.Glob(filepath.Join(all, "*")) // the pattern is right
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err == nil && !strings.HasPrefix(dir, own) && time.Since(info.ModTime()) > keptFor {
			_ = os.RemoveAll(dir)
		}
	}
}
