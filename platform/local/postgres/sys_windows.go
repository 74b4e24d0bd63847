package postgres

import (
	"errors"
	"syscall"
)

func supported() error {
	return errors.New("a private PostgreSQL cannot be started on Windows: set DATABASE_URL to a server you have, or use WSL")
}

func (a account) attributes() *syscall.SysProcAttr { return nil }

func ownerOf(string) (uid, gid int, ok bool) { return 0, 0, false }

// memoryFolder is empty: only Linux has one that is always there.
const memoryFolder = ""

func roomy(string) bool { return false }
