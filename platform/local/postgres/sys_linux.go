package postgres

import "syscall"

// dieWithParent makes the kernel ask postgres for a fast shutdown when we are
// killed.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGINT
}

// memoryFolder is a file system in memory, where there is one.
const memoryFolder = "/dev/shm"

// roomy reports whether a folder has room for throw-away data: a container's
// memory folder often has 64 MiB.
func roomy(dir string) bool {
	const enough = 4 << 30
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= enough
}
