package postgres

import (
	"errors"
	"syscall"
)

func supported() error {
	return errors.New("a private PostgreSQL cannot be started on Windows: use WSL, or the words web and worker with a server in DATABASE_URL")
}

func (a account) attributes() *syscall.SysProcAttr { return nil }

func ownerOf(string) (uid, gid int, ok bool) { return 0, 0, false }

// memoryFolder is empty: only Linux has one that is always there.
const memoryFolder = ""

func roomy(string) bool { return false }
