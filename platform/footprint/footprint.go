// Package footprint bounds what a process that runs for long takes of a machine's
// memory, and how often it stops to collect garbage.
package footprint

import "runtime"

// Floor lets garbage grow by so many bytes more before it is collected, whatever
// GOGC says, until release. Go collects when the heap has doubled, which a process
// that holds little and is asked much reaches several times a second. The bytes
// are never touched: early in a process, where they are of memory that nothing
// has had before, they are none of the machine's.
func Floor(bytes int) (release func()) {
	ballast := make([]byte, bytes)
	return func() { runtime.KeepAlive(ballast) }
}
