package preview

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// pause is how long nothing must happen before the folder is read: a program
// that saves writes, renames and touches.
const pause = 50 * time.Millisecond

// watch reads the folder again whenever it changes.
func (s *stand) watch(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", s.dir, err)
	}
	defer w.Close()
	if err := s.follow(w); err != nil {
		return err
	}
	s.read() // what was saved before it was watched
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.Events:
			if e.Op != fsnotify.Chmod && !strings.HasPrefix(filepath.Base(e.Name), ".") {
				due = time.After(pause)
			}
		case err := <-w.Errors:
			if errors.Is(err, fsnotify.ErrEventOverflow) { // more was saved than could be told
				due = time.After(pause)
				continue
			}
			return fmt.Errorf("watch %s: %w", s.dir, err)
		case <-due:
			due = nil
			if err := s.follow(w); err != nil {
				return err
			}
			s.read()
		}
	}
}

// follow watches all folders, also those that are new.
func (s *stand) follow(w *fsnotify.Watcher) error {
	return filepath.WalkDir(s.dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name != s.dir:
			return nil // it has gone meanwhile
		case err != nil:
			return fmt.Errorf("watch %s: %w", s.dir, err)
		case !d.IsDir():
			return nil
		case name != s.dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		}
		if err := w.Add(name); err != nil {
			return fmt.Errorf("watch %s: %w", name, err)
		}
		return nil
	})
}
