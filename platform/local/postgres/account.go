package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// account is the user that runs initdb and postgres. The zero value is the
// user who runs us.
type account struct {
	other    bool
	uid, gid int
}

// accountFor returns who runs the server of a data folder: its owner, since
// PostgreSQL insists on that, and for a new one a user who is not root.
func accountFor(data string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if uid, gid, ok := ownerOf(filepath.Join(data, versionFile)); ok && uid != 0 {
		return account{other: true, uid: uid, gid: gid}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseInt(u.Uid, 10, 64)
		if err != nil {
			return account{}, fmt.Errorf("user id of %s: %w", name, err)
		}
		gid, err := strconv.ParseInt(u.Gid, 10, 64)
		if err != nil {
			return account{}, fmt.Errorf("group id of %s: %w", name, err)
		}
		return account{other: true, uid: int(uid), gid: int(gid)}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

// command returns a command that runs as the account, in a process group of
// its own (Ctrl-C must reach us first) and without our environment (it holds
// secrets, and variables that would change how PostgreSQL behaves).
func (a account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.SysProcAttr = a.attributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// reaches tells whether the account can enter a folder; the kernel is asked
// instead of the mode bits of every parent.
func (a account) reaches(ctx context.Context, dir string) bool {
	return !a.other || run(a.command(ctx, dir, "/bin/sh", "-c", ":")) == nil
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.other {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}
