package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	runPrefix  = "handbook-pg-"
	rootsData  = "/var/lib/handbook"
	socketPath = 100 // bytes; the kernel's limit is 104 on macOS, 108 on Linux
)

// locate settles which data folder is used and who runs the server.
func (s *Server) locate(ctx context.Context) error {
	var err error
	if s.options.Data == "" {
		s.account, err = accountFor("")
		return err
	}
	wanted, err := filepath.Abs(s.options.Data)
	if err != nil {
		return fmt.Errorf("data folder %q: %w", s.options.Data, err)
	}
	short := fmt.Sprintf("%x", sha256.Sum256([]byte(wanted)))[:12]
	for _, dir := range []string{wanted, filepath.Join(rootsData, short)} {
		if s.account, err = accountFor(dir); err != nil {
			return err
		}
		if s.account.reaches(ctx, existing(filepath.Dir(dir))) {
			s.data, err = settled(dir)
			return err
		}
	}
	return fmt.Errorf("user id %d can reach neither %s nor %s", s.account.uid, wanted, rootsData)
}

// existing returns the nearest folder on the way up that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// settled makes the parents of a data folder and returns its one true name,
// so that two names of one folder meet at one lock.
func settled(dir string) (string, error) {
	if err := makeOpen(filepath.Dir(dir)); err != nil {
		return "", fmt.Errorf("parents of the data folder %s: %w", dir, err)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real, nil
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return "", fmt.Errorf("parents of the data folder %s: %w", dir, err)
	}
	return filepath.Join(parent, filepath.Base(dir)), nil
}

// makeOpen makes the missing folders of a path so that other users can pass
// through them, whatever our umask.
func makeOpen(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeOpen(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// makeRun makes the private folder of the socket, and of throw-away data.
func (s *Server) makeRun(ctx context.Context) error {
	root, err := s.runRoot(ctx)
	if err != nil {
		return err
	}
	s.sweep(root)
	if s.run, err = os.MkdirTemp(root, runPrefix); err != nil {
		return fmt.Errorf("folder for the socket: %w", err)
	}
	if err := s.account.own(s.run); err != nil {
		return fmt.Errorf("owner of %s: %w", s.run, err)
	}
	if s.data == "" {
		s.data = filepath.Join(s.run, "data")
	}
	return s.hold(filepath.Join(s.run, "lock"), s.run)
}

// runRoot returns the first temporary folder that leaves room for a socket's
// path and that the account can enter. Throw-away data is best kept in
// memory: most of a test's time is else spent making files.
func (s *Server) runRoot(ctx context.Context) (string, error) {
	roots := []string{os.TempDir(), "/tmp"}
	if s.options.Data == "" && roomy(memoryFolder) {
		roots = append([]string{memoryFolder}, roots...)
	}
	for _, root := range roots {
		socket := filepath.Join(root, runPrefix+"1234567890", socketFile)
		if len(socket) < socketPath && s.account.reaches(ctx, root) {
			return root, nil
		}
	}
	return "", fmt.Errorf("neither %s nor /tmp can hold a socket", os.TempDir())
}

// sweep removes the run folders that killed processes left.
func (s *Server) sweep(root string) {
	dirs, _ := filepath.Glob(filepath.Join(root, runPrefix+"*")) // the pattern is right
	for _, dir := range dirs {
		if s.account.abandoned(dir) {
			_ = os.RemoveAll(dir) // the next start tries again
		}
	}
}

// abandoned tells whether a run folder is one of the account's that nobody
// locks. A young one may be about to be locked. One whose server still listens
// stays, so that settle can tell whose it is, unless the data is in it:
// postgres ends by itself when its data is gone.
func (a account) abandoned(dir string) bool {
	mine := os.Geteuid()
	if a.other {
		mine = a.uid
	}
	info, err := os.Lstat(dir)
	uid, _, ok := ownerOf(dir)
	if err != nil || !ok || uid != mine || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
		return false
	}
	_, err = os.Lstat(filepath.Join(dir, "data"))
	if err != nil && listens(filepath.Join(dir, socketFile)) {
		return false
	}
	l := flock.New(filepath.Join(dir, "lock"), flock.SetFlag(os.O_RDWR))
	defer l.Close()
	free, err := l.TryLock()
	return free || errors.Is(err, fs.ErrNotExist)
}

// holdData takes the lock beside a data folder that others may want too.
func (s *Server) holdData(context.Context) error {
	if s.options.Data == "" {
		return nil
	}
	return s.hold(s.data+".lock", s.data)
}

func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}
