package postgres

import "syscall"

// dieWithParent makes the kernel ask postgres for a fast shutdown when we are
// killed.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGINT
}
