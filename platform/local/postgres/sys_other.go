//go:build unix && !linux

package postgres

import "syscall"

// dieWithParent does nothing: only Linux has a death signal. Elsewhere the
// next Start on the same data ends what a killed process left (see settle).
func dieWithParent(*syscall.SysProcAttr) {}

// memoryFolder is empty: only Linux has one that is always there.
const memoryFolder = ""

func roomy(string) bool { return false }
